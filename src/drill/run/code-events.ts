/** The code of a script: assertions on TCP_INFO of the connection under test, as it is at that time. */
import { CodeBeyond } from '../code/code-lexer.ts';
import { parseCode } from '../code/code-parser.ts';
import { AssertionFailed, type CodeValue, runCode } from '../code/evaluate.ts';
import type { CodeAction, Place, ScriptEvent } from '../script/ast.ts';
import { NotJudged } from '../script/script-error.ts';
import { constant } from './constants.ts';
import { Failed } from './outcome.ts';
import type { Session } from './session.ts';

const PREFIX = 'tcpi_';

export class CodeEvents {
  private readonly session: Session;
  private readonly variables = new Map<string, CodeValue>();

  constructor(session: Session) {
    this.session = session;
  }

  run({ time, place }: ScriptEvent, { source, place: begins }: CodeAction): void {
    const { session } = this;
    if (time.kind !== 'any') session.waitUntil(session.baseUs(time) + time.us, place);
    session.trace.add(session.nowUs, `%{ ${source.trim()} }%`);
    const at = (line: number): Place => ({
      line: begins.line + line,
      column: line === 0 ? begins.column : 1,
    });
    try {
      runCode(parseCode(source), {
        variables: this.variables,
        lookUp: (name, line) => this.lookUp(name, at(line)),
        print: (line) => session.printed.push(line),
      });
    } catch (error) {
      if (error instanceof AssertionFailed) throw new Failed(at(error.line), error.message);
      if (error instanceof CodeBeyond) throw new NotJudged(at(error.line), error.message);
      throw error;
    }
  }

  /** A name of TCP_INFO, or one of Linux's constants. */
  private lookUp(name: string, place: Place): CodeValue {
    if (!name.startsWith(PREFIX)) {
      const value = constant(name);
      if (value === undefined) throw new NotJudged(place, `the name ${name}`);
      return value;
    }
    const { underTest, newest, host } = this.session;
    const field = name.slice(PREFIX.length);
    const socket = underTest === undefined || underTest.socket < 0 ? newest : underTest.socket;
    const info = socket < 0 ? undefined : host.tcpInfo(socket);
    // A socket of which nothing has been asked yet is closed.
    if (info === undefined && field === 'state' && socket >= 0) return constant('TCP_CLOSE');
    if (info === undefined) {
      throw new Failed(place, `${name} is asked for, and no socket of a connection is there`);
    }
    const values: Readonly<Record<string, number>> = { ...info };
    if (!Object.hasOwn(values, field) || field === 'outq_bytes') {
      throw new NotJudged(place, `${name}, which TCP_INFO does not tell here`);
    }
    return values[field];
  }
}
