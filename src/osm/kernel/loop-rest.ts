/**
 * The program's rest in its event loop. Calls that wait for an answer may be made meanwhile, and take whatever
 * replies come, those of other sockets among them. The card then finds the host awake, or its mask set, and
 * need tell nobody: so whoever takes replies or gives up the card tells the loop itself.
 */
export class LoopRest {
  private awaken: (() => void) | undefined;

  /** The loop rests. @param awaken has it look, once and later: it is called within a call of the program's. */
  begin(awaken: () => void): void {
    this.awaken = awaken;
  }

  /** The loop looks by itself. // Hot path. */
  end(): void {
    this.awaken = undefined;
  }

  /** There is something that the loop would look for. */
  tell(): void {
    const { awaken } = this;
    this.awaken = undefined;
    awaken?.();
  }
}
