/** What the executive works with, put together over one card's transport and module. */
import type { Region } from '../../dma/region.ts';
import type { FrameConsumer } from '../../i2o/transport.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import type { Module } from '../module/module.ts';
import { ControlLists } from '../reply/control-lists.ts';
import type { Outbound } from '../reply/outbound.ts';
import { IopState } from '../state/iop-state.ts';
import { TargetEvents } from '../target/events.ts';
import { DeviceTarget, ExecutiveTarget } from '../target/target.ts';
import { UtilityRequests } from '../utility/utility.ts';
import { ConfigValidate } from './config-validate.ts';
import { DeviceRequests } from './device-requests.ts';
import { executiveGroups } from './executive-groups.ts';
import { equip } from './generic-groups.ts';
import { LctNotify } from './lct-notify.ts';
import { PolledRequests } from './polled-requests.ts';
import { StaticFrames } from './static-frames.ts';
import { SystemRequests } from './system-requests.ts';
import { Tables } from './tables.ts';

export interface ExecutiveConfig {
  readonly inboundFrames: number;
  readonly outboundFrames: number;
  /** The only part of the region the executive may write for the host: first address, and one past the last. */
  readonly controlStart: number;
  readonly controlEnd: number;
  /** Address of STATIC_FRAMES_BYTES bytes for static frames. */
  readonly staticFrames: number;
}

export class ExecutiveParts {
  readonly ledger: Ledger;
  readonly inbound: FrameConsumer;
  readonly outbound: Outbound;
  readonly iop: IopState = new IopState();
  readonly executive: ExecutiveTarget;
  readonly device: DeviceTarget;
  readonly lists: ControlLists;
  readonly tables: Tables;
  readonly staticFrames: StaticFrames;
  readonly lctNotify: LctNotify;
  readonly configValidate: ConfigValidate;
  readonly utility: UtilityRequests;
  readonly polled: PolledRequests;
  readonly system: SystemRequests;
  readonly devices: DeviceRequests;
  readonly outboundFrames: number;

  constructor(
    region: Region,
    inbound: FrameConsumer,
    outbound: Outbound,
    module: Module,
    ledger: Ledger,
    config: ExecutiveConfig,
  ) {
    const { iop } = this;
    const { inboundFrames, outboundFrames } = config;
    this.ledger = ledger;
    this.inbound = inbound;
    this.outbound = outbound;
    this.outboundFrames = outboundFrames;
    this.executive = new ExecutiveTarget(new TargetEvents(outbound, iop, ledger));
    this.device = new DeviceTarget(module, new TargetEvents(outbound, iop, ledger), iop);
    this.lists = new ControlLists(region, config.controlStart, config.controlEnd);
    this.staticFrames = new StaticFrames(region.words, config.staticFrames);
    inbound.keepStatic?.((address) => this.staticFrames.find(address));
    this.tables = new Tables(iop, this.executive, this.device, inboundFrames, outboundFrames);
    this.lctNotify = new LctNotify(outbound, iop, this.tables, this.lists);
    this.configValidate = new ConfigValidate(outbound, [this.executive, this.device]);
    this.utility = new UtilityRequests(this);
    this.polled = new PolledRequests(this);
    this.system = new SystemRequests(outbound, iop, this.tables, this.lists, this.staticFrames, this.executive); // biome-ignore format: one line
    this.devices = new DeviceRequests(outbound, iop, this.executive, this.device);
    const memoryBytes = region.bytes.length;
    equip(
      this.executive,
      executiveGroups({
        iop,
        executive: this.executive,
        device: this.device,
        staticFrames: this.staticFrames,
        inbound,
        outbound: outbound.ring,
        inboundFrames,
        outboundFrames,
        memoryBytes,
      }),
    );
    equip(this.device, module.parameterGroups);
  }
}
