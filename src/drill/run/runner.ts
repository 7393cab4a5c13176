/** Runs a script on a host of its own, in virtual time, to a verdict. */
import { DrillMemory } from '../host/drill-memory.ts';
import type { SystemName } from '../host/live-config.ts';
import type { Place, Script, ScriptEvent } from '../script/ast.ts';
import { tokensOf } from '../script/lexer.ts';
import { optionsOf, parseScript } from '../script/parser.ts';
import { NotJudged, ScriptError } from '../script/script-error.ts';
import { CallEvents } from './call-events.ts';
import { chosenSettings, SYSTEM_NAMES, systemOf } from './chosen.ts';
import { CodeEvents } from './code-events.ts';
import { Descriptors } from './descriptors.ts';
import { Failed, type OutcomeName, type Verdict } from './outcome.ts';
import { PacketEvents } from './packet-events.ts';
import { DEFAULT_RUN_OPTIONS, type RunOptions, withScriptOptions } from './run-options.ts';
import { Session } from './session.ts';
import { ShellEvents } from './shell-events.ts';

export interface DrillRequest {
  /** Over packetdrill's defaults; what the script's own head says goes first. */
  readonly options?: Partial<RunOptions>;
  /** What words of the script stand for. */
  readonly defines?: ReadonlyMap<string, string>;
  /** Memory of a run that is over; absent: memory of its own. */
  readonly memory?: DrillMemory;
}

/**
 * Judges a script. Nothing that it says makes this throw.
 * @param file the name that errors call it by. @param source its text.
 */
export function drillScript(file: string, source: string, request: DrillRequest = {}): Verdict {
  const before = { ...DEFAULT_RUN_OPTIONS, ...request.options };
  let run: ScriptRun | undefined;
  try {
    // IPv6 is told by the options, whatever follows them.
    withScriptOptions(file, optionsOf(file, source, request.defines), before);
    const system = systemOfAll(file, source, request, before);
    const script = parseScript(file, source, request.defines, SYSTEM_NAMES[system]);
    const options = withScriptOptions(file, script.options, before);
    const settings = { ...options.settings, ...chosenSettings(script.events) };
    run = new ScriptRun(script, { ...options, system, settings }, request.memory ?? new DrillMemory());
    run.run();
    return verdict(file, 'passed', run, undefined, '');
  } catch (error) {
    return verdictOf(file, run, error);
  }
}

/** The system that is asked for; else the one that the script is written for, by all that it says. */
function systemOfAll(file: string, source: string, request: DrillRequest, before: RunOptions): SystemName {
  const said = withScriptOptions(file, optionsOf(file, source, request.defines), before);
  if (said.system !== undefined) return said.system;
  const every = everyCondition(source);
  return systemOf(tokensOf(file, every, request.defines), every);
}

/** A script with all that its `#ifdef` and `#else` are for. */
function everyCondition(source: string): string {
  return source.replace(/^[ \t]*#(ifdef|ifndef|else|endif)\b.*$/gm, '');
}

class ScriptRun {
  readonly script: Script;
  readonly session: Session;
  /** Events carried out. */
  done = 0;
  private readonly packets: PacketEvents;
  private readonly calls: CallEvents;
  private readonly shell: ShellEvents;
  private readonly code: CodeEvents;
  private at: Place = { line: 1, column: 1 };

  constructor(script: Script, options: RunOptions, memory: DrillMemory) {
    this.script = script;
    this.session = new Session(script, options, memory);
    const descriptors = new Descriptors();
    this.packets = new PacketEvents(this.session, descriptors);
    this.calls = new CallEvents(this.session, descriptors);
    this.shell = new ShellEvents(this.session);
    this.code = new CodeEvents(this.session);
    descriptors.urgent = script.events.some(
      ({ action }) =>
        action.kind === 'packet' && action.packet.kind === 'tcp' && action.packet.flags.includes('U'),
    );
  }

  get place(): Place {
    return this.at;
  }

  run(): void {
    const { session } = this;
    for (const event of this.script.events) {
      this.at = event.place;
      const dueUs = session.dueUs(event.time);
      this.event(event);
      session.lastEventUs = dueUs;
      this.done += 1;
    }
    this.calls.finishWaiting();
  }

  private event(event: ScriptEvent): void {
    const { action, time, place } = event;
    switch (action.kind) {
      case 'packet':
        this.packets.run(event, action);
        return;
      case 'call':
        this.calls.run(event, action);
        return;
      case 'code':
        this.code.run(event, action);
        return;
      case 'shell': {
        const { session } = this;
        if (time.kind !== 'any') session.waitUntil(session.baseUs(time) + time.us, place);
        session.trace.add(session.nowUs, `\`${action.command.trim()}\``);
        this.shell.run(action.command, place);
      }
    }
  }
}

/** What ended a script before its end. @throws whatever is none of a script's. */
function verdictOf(file: string, run: ScriptRun | undefined, error: unknown): Verdict {
  if (error instanceof Failed) {
    // A failure that is of no place is of the event under way.
    const place = error.place.line === 0 ? run?.place : error.place;
    return verdict(file, 'failed', run, place, error.message, error.details);
  }
  if (error instanceof NotJudged) {
    const place = error.place.line === 0 ? run?.place : error.place;
    return verdict(file, 'not judged', run, place, `${error.reason}: not served here`);
  }
  if (error instanceof ScriptError) {
    const words = error.message.slice(error.message.indexOf(': ', error.file.length) + 2);
    return verdict(file, 'no script', run, error.place, words);
  }
  throw error;
}

function verdict(
  file: string,
  outcome: OutcomeName,
  run: ScriptRun | undefined,
  place: Place | undefined,
  words: string,
  details: readonly string[] = [],
): Verdict {
  const session = run?.session;
  return {
    file,
    outcome,
    place,
    words,
    details,
    notes: session?.notes ?? [],
    printed: session?.printed ?? [],
    endUs: session?.nowUs ?? 0,
    events: run?.done ?? 0,
    eventsTotal: run?.script.events.length ?? 0,
    trace: session === undefined ? [] : session.traceLines(),
  };
}
