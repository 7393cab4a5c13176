/** The settings of a card but for its stack's, as data that both the checks and the documents are made of. */
import { NIC_RANGES } from '../../hdm/nic-config.ts';
import { TRANSPORTS } from '../../i2o/queues/queues.ts';
import { SOCKETS_MAX } from '../../i2o/socket-number.ts';
import { REPLY_RESERVE } from '../../iop/reply/outbound.ts';
import { OUTBOUND_WORDS_MAX, OUTBOUND_WORDS_MIN } from '../../osm/memory/driver-config.ts';
import { REPLY_MODES } from '../../osm/message/reply-modes.ts';
import { IMMEDIATE_BYTES_PER_SEND } from '../../osm/message/send-requests.ts';
import { QUEUE_FRAMES_MAX } from '../../wire/config.ts';
import { BYTES_MAX, COUNT_MAX, FLAG, type SettingRow, STORE_BLOCKS_MAX, TIME_MAX_NS } from './setting-row.ts';

/** The card's batch control holds contexts in whole microseconds, up to a second. */
const CONTEXT_HOLD_MAX_NS = 1e9;
/** Sizes of buffers are laid out in whole lines. */
const LINE = { multipleOf: 64, range: [64, 1 << 20] } as const;
const WORD = [-(2 ** 31), 2 ** 32 - 1] as const;
const CHANCE = { range: [0, 1], whole: false } as const;
const WIRE_TIME = { unit: 'ns', range: [0, Number.MAX_VALUE], whole: false } as const;
export const SLOTS_MAX = 1 << 20;

const POOLS: readonly SettingRow[] = [
  {
    name: 'pools.inboundFrames',
    meaning: 'message frames to the card',
    range: [2, COUNT_MAX],
    follows: 'no more than buffers or buckets there are can use, and 64 at least',
    beside: 'a power of two where `transport` is `ring`',
  },
  {
    name: 'pools.outboundFrames',
    meaning: 'message frames to the host',
    range: [REPLY_RESERVE, COUNT_MAX],
    follows: 'as `pools.inboundFrames`',
    beside: 'as `pools.inboundFrames`',
  },
  {
    name: 'pools.transmitBuffers',
    meaning: 'buffers for what is sent',
    range: [1, COUNT_MAX],
    beside: 'the sizes below that follow from it; with fewer than connections, some send 96 bytes at a time',
  },
  { name: 'pools.transmitBufferBytes', meaning: 'size of each', unit: 'bytes', ...LINE },
  {
    name: 'pools.receiveBuckets',
    meaning: 'buffers for what is received',
    range: [1, COUNT_MAX],
    beside: 'the sizes below that follow from it; all of them should hold one `stack.receiveBufferBytes`',
  },
  { name: 'pools.receiveBucketBytes', meaning: 'size of each', unit: 'bytes', ...LINE },
  {
    name: 'pools.immediateSlots',
    meaning: 'slots of card memory for sends that travel inside a frame',
    range: [1, SOCKETS_MAX + 1],
    follows: 'as many as buffers can use, and one for each socket',
    beside: '`driver.socketsMax` and one more, so that each socket has one',
  },
  {
    name: 'pools.storeBlocks',
    meaning: 'blocks of 2 KiB of host memory for what rests unread when buckets are few',
    range: [1, STORE_BLOCKS_MAX],
    follows: 'eight times the buckets, and room for the first windows of all sockets, but 516 MiB at most',
    beside: '`stack.receiveWindowBytes` times `driver.socketsMax` should fit',
  },
  {
    name: 'pools.imageBytes',
    meaning:
      "host memory for a connection on its way between the card and the host's own stack; 0: none goes",
    unit: 'bytes',
    range: [0, BYTES_MAX],
    beside: 'two buffers of a connection and 4 KiB should fit; a larger connection stays where it is',
  },
];

const DRIVER: readonly SettingRow[] = [
  {
    name: 'driver.classVersion',
    meaning:
      'highest version of the socket class that the driver speaks: 1 is without datagrams and events, 2 without records and socket numbers beyond 16 bits',
    choices: [1, 2, 3],
    beside: 'the lower of it and `classVersion` is spoken',
  },
  {
    name: 'driver.socketsMax',
    meaning: 'sockets there can be at once; one more is EMFILE',
    range: [1, SOCKETS_MAX],
    beside: 'sizes the tables of driver and stack; above 65535 only where both `classVersion` are 3',
  },
  {
    name: 'driver.sendBufferBytes',
    meaning: "bytes of a socket that may be in the card's hands (SO_SNDBUF)",
    unit: 'bytes',
    range: [1, BYTES_MAX],
    beside:
      'more than all transmit buffers hold is never used, which is said at the start; ' +
      'a datagram socket begins with 212992 at most, as on Linux',
  },
  {
    name: 'driver.receiveBufferBytes',
    meaning: "what the driver takes a connection's largest window for",
    unit: 'bytes',
    range: [1, BYTES_MAX],
    follows: '`stack.receiveBufferBytes`',
    beside: 'must be `stack.receiveBufferBytes`: set that one',
  },
  {
    name: 'driver.receiveWindowBytes',
    meaning: "what the driver takes a connection's first window for",
    unit: 'bytes',
    range: [1, BYTES_MAX],
    follows: '`stack.receiveWindowBytes`',
    beside: 'must be `stack.receiveWindowBytes`: set that one',
  },
  {
    name: 'driver.transmitReserve',
    meaning: 'transmit buffers kept for sockets that have none in use; 0: first come, first served',
    range: [0, COUNT_MAX],
    follows: 'a sixteenth of `pools.transmitBuffers`, and 1 at least',
    beside: 'at most `pools.transmitBuffers`; with all of them no socket gets a second',
  },
  {
    name: 'driver.transmitLowWatermark',
    meaning:
      'with fewer free, the card gives buffers back at once; whoever waits is told when so many are free; ' +
      '0: it never does so for want of buffers',
    range: [0, COUNT_MAX],
    follows: 'of `pools.transmitBuffers` an eighth, or 128, or half of a small pool',
    beside: 'at most `pools.transmitBuffers`; whoever waits is told when half are free in any case',
  },
  {
    name: 'driver.transmitDryPolicy',
    meaning: 'what a send answers when no buffer is free; `block`: nothing until there is one',
    choices: ['EAGAIN', 'ENOBUFS', 'block'],
  },
  {
    name: 'driver.replyMode',
    meaning: 'when the card is to answer a send; all but `auto` are for measurements',
    choices: Object.keys(REPLY_MODES),
    beside: 'with `never` no error of a datagram is reported',
  },
  {
    name: 'driver.immediateBytesMax',
    meaning: 'sends of up to so many bytes travel inside the frame; 0: none; a datagram of 92 at most does',
    unit: 'bytes',
    range: [0, IMMEDIATE_BYTES_PER_SEND],
    beside:
      'with 0 and more sockets than transmit buffers, some may wait for ever, which is said at the start',
  },
  {
    name: 'driver.outboundFrameWords',
    meaning: 'size of an outbound frame, as the driver asks for; no reply is longer, nor longer than 32',
    unit: 'words',
    range: [OUTBOUND_WORDS_MIN, OUTBOUND_WORDS_MAX],
    beside: 'over `fifo`, frames of more than 32 words take the room of several: at least four must be left',
  },
  {
    name: 'driver.batchSends',
    meaning: 'whether short sends wait for the next look and share a message',
    choices: FLAG,
    beside: 'needs class version 2 of both sides; without, each send is a message',
  },
  {
    name: 'driver.bounceBuffers',
    meaning: 'whether payload is copied once more each way, in a buffer of the host; for measurements',
    choices: FLAG,
  },
  {
    name: 'driver.mapBuffers',
    meaning: 'whether each buffer is mapped for the card when it is used; for measurements',
    choices: FLAG,
  },
  {
    name: 'driver.allocateBuffers',
    meaning: 'whether each buffer is allocated when it is used; for measurements',
    choices: FLAG,
  },
  {
    name: 'driver.bucketsPerPost',
    meaning: 'empty buckets that gather before they are posted; 9 fit one message, more take several',
    range: [1, COUNT_MAX],
    beside: 'more than `pools.receiveBuckets` never gather, which is said at the start',
  },
  {
    name: 'driver.acceptsPosted',
    meaning: 'sockets kept posted for a listener that accepts often',
    range: [1, COUNT_MAX],
    follows: 'no more than a quarter of `driver.socketsMax`',
    beside: 'all listeners together post a quarter of the sockets, and one each, which is said at the start',
  },
  {
    name: 'driver.acceptsFirst',
    meaning: 'whether `socket` is EMFILE while what is left may be needed for accepts from this host',
    choices: FLAG,
  },
  {
    name: 'driver.spinNs',
    meaning: 'how long a waiting driver polls before it sleeps',
    unit: 'ns',
    range: [0, TIME_MAX_NS],
    beside: '0 on a machine of one core',
  },
  {
    name: 'driver.controlTimeoutNs',
    meaning: 'how long it waits for a reply before it takes the card for dead',
    unit: 'ns',
    range: [1, TIME_MAX_NS],
  },
];

const WIRE: readonly SettingRow[] = [
  { name: 'wire.queueFrames', meaning: 'frames on the wire at once', range: [1, QUEUE_FRAMES_MAX] },
  { ...WIRE_TIME, name: 'wire.rateBitsPerSecond', meaning: 'speed; 0: it takes no time', unit: 'bit/s' },
  { ...WIRE_TIME, name: 'wire.delayNs', meaning: "from a frame's last bit in to its last bit out" },
  { ...WIRE_TIME, name: 'wire.jitterNs', meaning: 'up to so much more, drawn for each frame' },
  { ...CHANCE, name: 'wire.lossProbability', meaning: 'chance that a frame is lost' },
  {
    ...CHANCE,
    name: 'wire.markProbability',
    meaning: 'chance that a frame which may be is marked as by a router whose queue grows (RFC 3168)',
    beside: 'TCP lets its data be marked where both ends use ECN: `stack.ecn`',
  },
  {
    ...WIRE_TIME,
    name: 'wire.markAfterNs',
    meaning:
      "a frame that waits for longer to go on the wire is marked (fq_codel's ce_threshold); 0: none is",
    beside: 'needs `wire.rateBitsPerSecond`, and as `wire.markProbability`',
  },
  { ...CHANCE, name: 'wire.duplicateProbability', meaning: 'chance that a copy of it follows' },
  { ...CHANCE, name: 'wire.corruptProbability', meaning: 'chance that one bit of it is flipped' },
  {
    ...CHANCE,
    name: 'wire.reorderProbability',
    meaning: 'chance that it is held back, and later ones pass it',
    beside: 'needs `wire.reorderDelayNs`',
  },
  { ...WIRE_TIME, name: 'wire.reorderDelayNs', meaning: 'for how long' },
];

const DEVICE: readonly SettingRow[] = [
  { name: 'transport', meaning: "how frames travel: our ring, or I2O 1.5's four FIFOs", choices: TRANSPORTS },
  {
    name: 'moderation.rxUsecs',
    meaning: 'an interrupt is held back for so long at most (`ethtool -C rx-usecs`); 0: not at all',
    unit: 'µs',
    range: [0, 1e6],
    beside: 'needs `moderation.rxFrames` above 1',
  },
  {
    name: 'moderation.rxFrames',
    meaning: 'it is raised when so many frames wait (`ethtool -C rx-frames`)',
    range: [1, COUNT_MAX],
    beside: 'matters with `moderation.rxUsecs`',
  },
  {
    name: 'moderation.everyFrame',
    meaning: 'whether each frame interrupts the host, even while it looks by itself; for measurements',
    choices: FLAG,
    beside: 'with it the other two do nothing',
  },
  {
    name: 'mtu',
    meaning: 'largest IPv4 packet of the first port',
    unit: 'bytes',
    range: NIC_RANGES.mtu,
    follows: '1500 in a described or a virtual world',
  },
  {
    name: 'mac',
    meaning: 'hardware address of the first port',
    form: 'six bytes, unicast',
    follows: 'one of its own in a described or a virtual world',
  },
  {
    name: 'furtherPorts',
    meaning: 'ports beyond the first',
    form: 'a list of `{ address, prefixLength, mtu, mac }`, 15 at most',
    beside: "in a described world the card's `ports` say them",
  },
  {
    name: 'bonds',
    meaning: 'ports that are several devices each',
    form: 'a list of `{ port, nics, mode, primary, miimonNs, upDelayNs, downDelayNs, xmitHashPolicy }`',
    beside: "in a described world the card's `bonds` say them",
  },
  {
    name: 'innerLoop',
    meaning: "whether a loop inside the card serves its own addresses, not the first port's wire",
    choices: FLAG,
    beside: 'in a described world `loopback` says it',
  },
  {
    name: 'rxRing',
    meaning: 'receive descriptors of each port (`ethtool -G rx`)',
    range: NIC_RANGES.rxRing,
    powerOfTwo: true,
    beside: 'each holds one of `packetSlots`',
  },
  {
    name: 'txRing',
    meaning: 'transmit descriptors of each port (`ethtool -G tx`)',
    range: NIC_RANGES.txRing,
    powerOfTwo: true,
  },
  {
    name: 'tcpSegmentationOffload',
    meaning: 'whether the device cuts large sends (`ethtool -K tso`)',
    choices: FLAG,
    beside: 'needs `checksumOffload` for what is sent, and `scatterGather`; without either it is off',
  },
  {
    name: 'checksumOffload',
    meaning:
      'whether the device sums what is sent and checks what comes, or one of them (`ethtool -K tx rx`)',
    choices: [...FLAG, 'rx', 'tx'],
  },
  {
    name: 'scatterGather',
    meaning: 'whether the device fetches a packet from several places; else each is copied together first',
    choices: FLAG,
  },
  {
    name: 'genericSegmentationOffload',
    meaning: 'whether the driver cuts large sends where the device does not (`ethtool -K gso`)',
    choices: FLAG,
    beside: 'needs `scatterGather`, without which it is off',
  },
  {
    name: 'genericReceiveOffload',
    meaning: 'whether the driver puts segments together before the stack (`ethtool -K gro`)',
    choices: FLAG,
  },
  {
    name: 'largeReceiveOffload',
    meaning: 'whether the device does, by looser rules (`ethtool -K lro`)',
    choices: FLAG,
    beside: 'needs `checksumOffload` for what comes, without which it is off; at most `rxRing` segments each',
  },
  {
    name: 'packetSlots',
    meaning: 'packets that card memory holds',
    range: [5, SLOTS_MAX],
    follows:
      'four for each receive bucket, 64 to 256 (to 1024 in the short form of a virtual world), ' +
      'and at least 48 more than the rings hold',
    beside: 'at least 4 more than `rxRing` times the ports, the inner loop counted',
  },
  {
    name: 'packetBytes',
    meaning:
      'largest packet that a slot holds, if that is more than the largest MTU: what a TAP brings uncut',
    unit: 'bytes',
    range: [0, NIC_RANGES.mtu[1]],
    follows: '65535 over a TAP',
    beside: 'below 65535 a TAP brings no packet of several segments',
  },
  {
    name: 'iopSpinNs',
    meaning: "how long the card's processor polls before it sleeps",
    unit: 'ns',
    range: [0, TIME_MAX_NS],
    beside: '0 on a machine of one core',
  },
  {
    name: 'classVersion',
    meaning: 'version of the socket class that the card speaks',
    choices: [1, 2, 3],
    beside: 'the lower of it and `driver.classVersion` is spoken',
  },
  {
    name: 'contextHoldNs',
    meaning: 'how long answered sends may wait for company',
    unit: 'ns',
    range: [0, CONTEXT_HOLD_MAX_NS],
  },
  {
    name: 'seed',
    meaning: 'seed of what is drawn on its own wire',
    range: WORD,
    beside: "in a described or a virtual world the world's `seed` says it",
  },
];

export const CARD_SETTINGS: readonly SettingRow[] = [...POOLS, ...DRIVER, ...DEVICE, ...WIRE];
