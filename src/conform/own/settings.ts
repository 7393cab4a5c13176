/** The memory of our own card or host behind the pipe: laid out as the front-end's Begin says. */
import type { CardLayout } from '../../dma/card-layout.ts';
import { MemoryPlan } from '../../dma/plan.ts';
import { allocateRegion, type Region } from '../../dma/region.ts';
import { socketsOf } from '../../i2o/socket-number.ts';
import { PAGE_BYTES } from '../../linux/file-mapping.ts';
import { singleCard } from '../../world/build/short-forms.ts';
import { type CardPlan, planWorld, type WorldPlan } from '../../world/build/world-plan.ts';
import { cardConfig } from '../../world/config/card-config.ts';
import type { CardConfig } from '../../world/config/settings.ts';
import type { ModuleKind } from '../../world/topology/checked.ts';
import type { PipeSettings } from '../link/window.ts';
import type { PipeMessage } from '../pipe/message.ts';
import * as pipe from '../pipe/pipe.gen.ts';

const MODULES: Readonly<Record<number, ModuleKind>> = {
  [pipe.PIPE_DEVICE_SOCKET]: 'socket',
  [pipe.PIPE_DEVICE_LAN]: 'lan',
  [pipe.PIPE_DEVICE_WINDOW]: 'window',
  [pipe.PIPE_DEVICE_ECHO]: 'echo',
};
/** Connections that have ended and are not forgotten yet count as well. */
const CONNECTIONS_PER_SOCKET = 2;

export interface OwnMemory {
  readonly config: CardConfig;
  readonly module: ModuleKind;
  readonly region: Region;
  readonly world: WorldPlan;
  readonly card: CardPlan;
  readonly settings: PipeSettings;
  /** Word index of slot 0 of this side's copies of frames, each way. */
  readonly inbound: number;
  readonly outbound: number;
}

/** What a Begin message says. */
export function readSettings({ fields }: PipeMessage): PipeSettings {
  return {
    device: fields[pipe.PIPE_BEGIN_DEVICE],
    classVersion: fields[pipe.PIPE_BEGIN_CLASS_VERSION],
    inboundFrames: fields[pipe.PIPE_BEGIN_INBOUND_FRAMES],
    outboundFrames: fields[pipe.PIPE_BEGIN_OUTBOUND_FRAMES],
    regionBytes: fields[pipe.PIPE_BEGIN_REGION_BYTES],
    controlOffset: fields[pipe.PIPE_BEGIN_CONTROL_OFFSET],
    controlBytes: fields[pipe.PIPE_BEGIN_CONTROL_BYTES],
    transmitOffset: fields[pipe.PIPE_BEGIN_TRANSMIT_OFFSET],
    transmitBuffers: fields[pipe.PIPE_BEGIN_TRANSMIT_BUFFERS],
    transmitBufferBytes: fields[pipe.PIPE_BEGIN_TRANSMIT_BUFFER_BYTES],
    receiveOffset: fields[pipe.PIPE_BEGIN_RECEIVE_OFFSET],
    receiveBuckets: fields[pipe.PIPE_BEGIN_RECEIVE_BUCKETS],
    receiveBucketBytes: fields[pipe.PIPE_BEGIN_RECEIVE_BUCKET_BYTES],
    immediateSlots: fields[pipe.PIPE_BEGIN_IMMEDIATE_SLOTS],
    imageOffset: fields[pipe.PIPE_BEGIN_IMAGE_OFFSET],
    imageBytes: fields[pipe.PIPE_BEGIN_IMAGE_BYTES],
    sockets: fields[pipe.PIPE_BEGIN_SOCKETS],
    ipv4Address: fields[pipe.PIPE_BEGIN_IPV4_ADDRESS],
    prefixLength: fields[pipe.PIPE_BEGIN_PREFIX_LENGTH],
    receiveWindowBytes: fields[pipe.PIPE_BEGIN_RECEIVE_WINDOW_BYTES],
    transferBytes: fields[pipe.PIPE_BEGIN_TRANSFER_BYTES],
  };
}

export function planOwn(settings: PipeSettings): OwnMemory {
  const { classVersion, inboundFrames, outboundFrames, transmitBuffers, transmitBufferBytes } = settings;
  const { receiveBuckets, receiveBucketBytes, immediateSlots, imageBytes, sockets } = settings;
  const config = cardConfig({
    mtu: 1500,
    packetSlots: Math.max(64, sockets),
    classVersion: classVersion as CardConfig['classVersion'],
    pools: {
      ...{ inboundFrames, outboundFrames, transmitBuffers, transmitBufferBytes },
      ...{ receiveBuckets, receiveBucketBytes, immediateSlots, imageBytes },
    },
    driver: { socketsMax: socketsOf(sockets), spinNs: 0 },
    stack: {
      address: settings.ipv4Address,
      prefixLength: settings.prefixLength,
      receiveWindowBytes: settings.receiveWindowBytes,
      connectionsMax: sockets * CONNECTIONS_PER_SOCKET,
    },
  });
  const module = MODULES[settings.device];
  const plan = new MemoryPlan();
  // The window lies where the front-end has it; everything of this side's own lies on later pages.
  const shared = Math.ceil(settings.regionBytes / PAGE_BYTES) * PAGE_BYTES;
  plan.reserve('window', shared, 'what is shared with the other side');
  const world = planWorld(plan, singleCard(config, { name: 'card', seed: 1, modules: [module] }), {
    cards: [0],
    switches: [],
  });
  const inbound = plan.reserve('inbound', inboundFrames * pipe.PIPE_FRAME_BYTES, 'frames of the host') >> 2;
  const outbound =
    plan.reserve('outbound', outboundFrames * pipe.PIPE_FRAME_BYTES, 'frames of the card') >> 2;
  const [card] = world.cards;
  const { memory } = card;
  const own = { ...card, memory: { ...memory, layout: sharedLayout(memory.layout, settings) } };
  return {
    config,
    module,
    region: allocateRegion(plan.byteLength),
    world,
    card: own,
    settings,
    inbound,
    outbound,
  };
}

function sharedLayout(layout: CardLayout, settings: PipeSettings): CardLayout {
  const { controlOffset, transmitOffset, receiveOffset, imageOffset, imageBytes } = settings;
  const { transmit, receive, image } = layout;
  return {
    ...layout,
    control: controlOffset,
    transmit: { ...transmit, offset: transmitOffset },
    receive: { ...receive, offset: receiveOffset },
    image: imageBytes === 0 ? image : { ...image, offset: imageOffset },
  };
}
