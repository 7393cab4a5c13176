/** What the executive works with, put together over one card's transport and modules. */
import { assert } from '../../assert/assert.ts';
import type { Region } from '../../dma/region.ts';
import type { FrameConsumer } from '../../i2o/transport.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { ControlLists, RESULT_BYTES_MAX } from '../lists/control-lists.ts';
import type { Module } from '../module/module.ts';
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
import { devicesThatFit, Tables } from './tables.ts';

export interface ExecutiveConfig {
  readonly inboundFrames: number;
  readonly outboundFrames: number;
  /**
   * The only part of the region that the executive may write for the host: first address, and one past the
   * last.
   */
  readonly controlStart: number;
  readonly controlEnd: number;
  /** Address of STATIC_FRAMES_BYTES bytes for static frames. */
  readonly staticFrames: number;
}

export class ExecutiveParts {
  readonly ledger: Ledger;
  readonly inbound: FrameConsumer;
  readonly outbound: Outbound;
  readonly iop: IopState;
  readonly executive: ExecutiveTarget;
  /** Device i has module i behind it and the TID FIRST_DEVICE_TID + i. */
  readonly devices: readonly DeviceTarget[];
  readonly lists: ControlLists;
  readonly tables: Tables;
  readonly staticFrames: StaticFrames;
  readonly lctNotify: LctNotify;
  readonly configValidate: ConfigValidate;
  readonly utility: UtilityRequests;
  readonly polled: PolledRequests;
  readonly system: SystemRequests;
  readonly deviceRequests: DeviceRequests;
  readonly outboundFrames: number;

  /**
   * @param modules one a device, in the order of their TIDs.
   * @throws RangeError when there is none, or when their table would not fit in the control area.
   */
  constructor(
    region: Region,
    inbound: FrameConsumer,
    outbound: Outbound,
    modules: readonly Module[],
    ledger: Ledger,
    config: ExecutiveConfig,
  ) {
    const tableBytes = Math.min(config.controlEnd - config.controlStart, RESULT_BYTES_MAX);
    const most = devicesThatFit(tableBytes);
    if (modules.length < 1 || modules.length > most) {
      throw new RangeError(`"modules" expected 1 to ${most}, got ${modules.length}`);
    }
    assert(
      (config.controlStart & 3) === 0 && config.controlEnd <= region.byteLength,
      'executive parts: the control area lies in the region, at a word',
    );
    const iop = new IopState(modules.length);
    this.iop = iop;
    const { inboundFrames, outboundFrames } = config;
    this.ledger = ledger;
    this.inbound = inbound;
    this.outbound = outbound;
    this.outboundFrames = outboundFrames;
    this.executive = new ExecutiveTarget(new TargetEvents(outbound, iop, ledger));
    this.devices = modules.map(
      (module, device) => new DeviceTarget(device, module, new TargetEvents(outbound, iop, ledger), iop),
    );
    this.lists = new ControlLists(region, config.controlStart, config.controlEnd);
    this.staticFrames = new StaticFrames(region.words, config.staticFrames);
    inbound.keepStatic?.((address) => this.staticFrames.find(address));
    this.tables = new Tables(iop, this.executive, this.devices, inboundFrames, outboundFrames);
    this.lctNotify = new LctNotify(outbound, iop, this.tables, this.lists);
    this.configValidate = new ConfigValidate(outbound, [this.executive, ...this.devices]);
    this.utility = new UtilityRequests(this);
    this.polled = new PolledRequests(this);
    this.system = new SystemRequests(
      outbound,
      iop,
      this.tables,
      this.lists,
      this.staticFrames,
      this.executive,
    );
    this.deviceRequests = new DeviceRequests(outbound, iop, this.executive, this.devices);
    const memoryBytes = region.bytes.length;
    equip(
      this.executive,
      executiveGroups({
        iop,
        executive: this.executive,
        devices: this.devices,
        staticFrames: this.staticFrames,
        inbound,
        outbound,
        inboundFrames,
        outboundFrames,
        memoryBytes,
      }),
    );
    for (const device of this.devices) equip(device, device.module.parameterGroups);
  }
}
