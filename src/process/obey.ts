/** The end of the channel in the process that measures. */

/** What a command came to that could not be done. */
export interface FailedAnswer {
  readonly type: 'failed';
  readonly error: string;
}

/**
 * Does each command that comes, and answers it. The process ends when it has answered `closed`, or its caller
 * has gone.
 */
export function obeyCommands<Command>(obey: (command: Command) => Promise<{ readonly type: string }>): void {
  process.on('message', (command: Command) => {
    obey(command).then((reply) => {
      process.send?.(reply);
      if (reply.type === 'closed') process.disconnect();
    }, fail);
  });
  process.on('uncaughtException', fail);
  process.on('disconnect', () => process.exit(0));
}

function fail(error: unknown): void {
  const answer: FailedAnswer = {
    type: 'failed',
    error: error instanceof Error ? error.message : String(error),
  };
  process.send?.(answer);
}
