/** A port's side of the engine: its device hands packets to it, and tells of its link. */
import type { LinkClient } from '../contract.ts';

/** What of the engine a port has. */
export interface PortInput {
  inputBy(
    port: number,
    packet: number,
    address: number,
    length: number,
    flags: number,
    nowUs: number,
  ): boolean;
  portLinkChanged(port: number, up: boolean, nowUs: number): void;
}

export class PortClient implements LinkClient {
  private readonly engine: PortInput;
  private readonly port: number;

  constructor(engine: PortInput, port: number) {
    this.engine = engine;
    this.port = port;
  }

  /** // Hot path. */
  input(packet: number, address: number, length: number, flags: number, nowUs: number): boolean {
    return this.engine.inputBy(this.port, packet, address, length, flags, nowUs);
  }

  linkChanged(up: boolean, nowUs: number): void {
    this.engine.portLinkChanged(this.port, up, nowUs);
  }
}
