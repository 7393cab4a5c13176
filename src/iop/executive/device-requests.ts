/**
 * Executive messages about one device (Ddm…, BiosInfoSet, BootDeviceSet) or one path (Path…). There is one device, and one
 * path: from this host to this IOP. What they change is the device's state, which the processor looks at for every message.
 */
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
  getExecPathEnableHostUnitId,
  getExecPathEnableIopId,
  REQUEST_STATUS_ERROR_NO_DATA,
  REQUEST_STATUS_SUCCESS,
} from '../../i2o/executive.gen.ts';
import { DEVICE_TID } from '../../i2o/tids.ts';
import type { Outbound } from '../reply/outbound.ts';
import type { IopState } from '../state/iop-state.ts';
import type { DeviceTarget, ExecutiveTarget } from '../target/target.ts';

/** Where the TID or the path's end is in all of these messages. */
const NAME_BYTE = 16;

export class DeviceRequests {
  private readonly outbound: Outbound;
  private readonly iop: IopState;
  private readonly executive: ExecutiveTarget;
  private readonly device: DeviceTarget;

  constructor(outbound: Outbound, iop: IopState, executive: ExecutiveTarget, device: DeviceTarget) {
    this.outbound = outbound;
    this.iop = iop;
    this.executive = executive;
    this.device = device;
  }

  request(frame: number, functionCode: number): void {
    const { outbound, device } = this;
    if (!this.named(frame, functionCode)) {
      outbound.transactionError(frame, DETAILED_STATUS_INVALID_PARAMETER, NAME_BYTE, 0);
    } else if (!device.present && functionCode !== EXEC_BOOT_DEVICE_SET) {
      outbound.status(frame, REQUEST_STATUS_ERROR_NO_DATA, DETAILED_STATUS_DEVICE_NOT_AVAILABLE);
    } else {
      this.apply(frame, functionCode);
      outbound.status(frame, REQUEST_STATUS_SUCCESS, DETAILED_STATUS_SUCCESS);
    }
  }

  /** Whether the message names something there is: all name it in the same place. */
  private named(frame: number, functionCode: number): boolean {
    const { words } = this.outbound;
    switch (functionCode) {
      case EXEC_PATH_QUIESCE:
      case EXEC_PATH_ENABLE:
      case EXEC_PATH_RESET:
        return (
          getExecPathEnableIopId(words, frame) === this.iop.iopId &&
          getExecPathEnableHostUnitId(words, frame) === this.iop.hostUnitId
        );
      case EXEC_BOOT_DEVICE_SET: {
        const tid = getExecBootDeviceSetBootTid(words, frame);
        return tid === 0 || (tid === DEVICE_TID && this.device.present);
      }
      default:
        return getExecDdmEnableDeviceTid(words, frame) === DEVICE_TID;
    }
  }

  private apply(frame: number, functionCode: number): void {
    const { device, iop, outbound } = this;
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
      case EXEC_PATH_QUIESCE:
        device.setPath(false, true);
        break;
      case EXEC_PATH_ENABLE:
        device.setPath(true, false);
        break;
      case EXEC_PATH_RESET:
        device.setPath(true, true);
        break;
      case EXEC_DDM_DESTROY:
        device.destroy();
        iop.bootTid = 0;
        // There is no event for an entry that is gone: who wants to know compares tables (reference section 4.6).
        device.entryChanged();
        break;
      case EXEC_BIOS_INFO_SET:
        device.biosInfo = getExecBiosInfoSetBiosInfo(outbound.words, frame);
        device.entryChanged();
        this.executive.events.raise(EXECUTIVE_EVENT_MODIFIED_LCT, DEVICE_TID);
        break;
      default:
        iop.bootTid = getExecBootDeviceSetBootTid(outbound.words, frame);
        iop.tableChanged();
    }
  }
}
