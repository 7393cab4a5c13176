/**
 * I2O 1.5's executive messages about one device (Ddm…, BiosInfoSet, BootDeviceSet), which name it by its TID,
 * or about the path (Path…). There is one path, from this host to this IOP, and every device lies on it. What
 * these messages change is the devices' state, which the processor looks at for every frame.
 */
import { assert } from '../../assert/assert.ts';
import {
  DETAILED_STATUS_DEVICE_NOT_AVAILABLE,
  DETAILED_STATUS_INVALID_PARAMETER,
  DETAILED_STATUS_SUCCESS,
  EXEC_BIOS_INFO_SET,
  EXEC_BOOT_DEVICE_SET,
  EXEC_DDM_DESTROY,
  EXEC_DDM_ENABLE,
  EXEC_DDM_QUIESCE,
  EXEC_DDM_RESET,
  EXEC_DDM_SUSPEND,
  EXEC_PATH_ENABLE,
  EXEC_PATH_QUIESCE,
  EXEC_PATH_RESET,
  EXECUTIVE_EVENT_MODIFIED_LCT,
  getExecBiosInfoSetBiosInfo,
  getExecBootDeviceSetBootTid,
  getExecDdmEnableDeviceTid,
  getExecDdmEnableHostUnitId,
  getExecDdmEnableIopId,
  getExecPathEnableHostUnitId,
  getExecPathEnableIopId,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
  SPECIAL_HOST_UNIT_ID_LOCAL,
  SPECIAL_IOP_ID_LOCAL_IOP,
} from '../../i2o/executive.gen.ts';
import { deviceOf } from '../../i2o/tids.ts';
import type { Outbound } from '../reply/outbound.ts';
import type { IopState } from '../state/iop-state.ts';
import type { DeviceTarget, ExecutiveTarget } from '../target/target.ts';

/** Byte at which all of these messages name their device, or the path's ends. */
const NAME_BYTE = 16;

/** Messages that name, beside a device, the IOP that has it. */
const NAMES_IOP: readonly number[] = [EXEC_DDM_ENABLE, EXEC_DDM_QUIESCE, EXEC_DDM_RESET];

export class DeviceRequests {
  private readonly outbound: Outbound;
  private readonly iop: IopState;
  private readonly executive: ExecutiveTarget;
  private readonly devices: readonly DeviceTarget[];

  constructor(
    outbound: Outbound,
    iop: IopState,
    executive: ExecutiveTarget,
    devices: readonly DeviceTarget[],
  ) {
    this.outbound = outbound;
    this.iop = iop;
    this.executive = executive;
    this.devices = devices;
  }

  /** One of these messages. Its fields are in their ranges. */
  request(frame: number, functionCode: number): void {
    switch (functionCode) {
      case EXEC_PATH_QUIESCE:
      case EXEC_PATH_ENABLE:
      case EXEC_PATH_RESET:
        this.path(frame, functionCode);
        break;
      case EXEC_BOOT_DEVICE_SET:
        this.bootDevice(frame);
        break;
      default:
        this.oneDevice(frame, functionCode);
    }
  }

  /** The path is closed or opened for every device, which itself stays as it is. */
  private path(frame: number, functionCode: number): void {
    const { outbound, iop, devices } = this;
    const { words } = outbound;
    const iopId = getExecPathEnableIopId(words, frame);
    const hostUnitId = getExecPathEnableHostUnitId(words, frame);
    if (iopId !== iop.iopId || hostUnitId !== iop.hostUnitId) {
      this.unknown(frame);
    } else if (!devices.some(({ present }) => present)) {
      this.gone(frame);
    } else {
      const open = functionCode !== EXEC_PATH_QUIESCE;
      const end = functionCode !== EXEC_PATH_ENABLE;
      for (const device of devices) if (device.present) device.setPath(open, end);
      this.done(frame);
    }
  }

  /** BootDeviceSet, by which the host only notes a device in the table's head. TID 0 stands for none. */
  private bootDevice(frame: number): void {
    const { iop, devices } = this;
    const tid = getExecBootDeviceSetBootTid(this.outbound.words, frame);
    const device = deviceOf(tid, devices.length);
    if (tid !== 0 && (device < 0 || !devices[device].present)) {
      this.unknown(frame);
      return;
    }
    iop.bootTid = tid;
    iop.tableChanged();
    this.done(frame);
  }

  private oneDevice(frame: number, functionCode: number): void {
    const { outbound, iop, devices } = this;
    const device = deviceOf(getExecDdmEnableDeviceTid(outbound.words, frame), devices.length);
    if (device < 0 || (NAMES_IOP.includes(functionCode) && !this.isOwn(frame))) {
      this.unknown(frame);
    } else if (!devices[device].present) {
      this.gone(frame);
    } else {
      this.apply(frame, functionCode, devices[device]);
      const boot = deviceOf(iop.bootTid, devices.length);
      assert(
        iop.bootTid === 0 || (boot >= 0 && devices[boot].present),
        'device requests: the boot device is in the table',
      );
      this.done(frame);
    }
  }

  /** Whether a message about a device is about one of this IOP's, by its number or as the one that is asked. */
  private isOwn(frame: number): boolean {
    const { outbound, iop } = this;
    const iopId = getExecDdmEnableIopId(outbound.words, frame);
    const hostUnitId = getExecDdmEnableHostUnitId(outbound.words, frame);
    const asked = iopId === SPECIAL_IOP_ID_LOCAL_IOP && hostUnitId === SPECIAL_HOST_UNIT_ID_LOCAL;
    return asked || (iopId === iop.iopId && hostUnitId === iop.hostUnitId);
  }

  private apply(frame: number, functionCode: number, device: DeviceTarget): void {
    const { iop, outbound } = this;
    assert(device.present, 'device requests: a device that is acted on is in the table');
    switch (functionCode) {
      case EXEC_DDM_SUSPEND:
        device.suspend(false);
        break;
      case EXEC_DDM_QUIESCE:
        device.suspend(true);
        break;
      case EXEC_DDM_ENABLE:
        device.enable();
        break;
      case EXEC_DDM_RESET:
        device.restart();
        break;
      case EXEC_DDM_DESTROY:
        device.destroy();
        if (iop.bootTid === device.tid) iop.bootTid = 0;
        // I2O 1.5 has no event for an entry that is gone: a host that wants to know compares the tables.
        device.entryChanged();
        break;
      default:
        assert(
          functionCode === EXEC_BIOS_INFO_SET,
          'device requests: a message about a device is one of six',
        );
        device.biosInfo = getExecBiosInfoSetBiosInfo(outbound.words, frame);
        device.entryChanged();
        this.executive.events.raise(EXECUTIVE_EVENT_MODIFIED_LCT, device.tid);
    }
  }

  private done(frame: number): void {
    this.outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
  }

  /** There is no such device, or no such path. */
  private unknown(frame: number): void {
    this.outbound.transactionError(frame, DETAILED_STATUS_INVALID_PARAMETER, NAME_BYTE, 0);
  }

  /** The device was destroyed. */
  private gone(frame: number): void {
    this.outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_DEVICE_NOT_AVAILABLE);
  }
}
