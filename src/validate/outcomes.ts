/** What follows from an answer to a request that was asked: for sockets, their accounts, the IOP's name. */
import { EXEC_SYS_ENABLE, EXEC_SYS_TAB_SET, REQUEST_STATUS_TRANSACTION_ERROR } from '../i2o/executive.gen.ts';
import { SOCKET_SEND } from '../i2o/socket.gen.ts';
import { UTIL_ABORT } from '../i2o/utility.gen.ts';
import { type MessageRow, TARGET_DEVICE, TARGET_EXECUTIVE } from './message-rows.ts';
import type { ReplyLayout } from './reply-layout.ts';
import type { RequestJudge } from './requests.ts';
import { ILLEGAL_HERE, MALFORMED, UNSEEN } from './transactions.ts';
import type { Trial } from './trial.ts';

/** Words of an answer with a status and nothing behind it. */
const STATUS_WORDS = 5;

export class Outcomes {
  private readonly trial: Trial;
  private readonly requests: RequestJudge;
  private readonly layout: ReplyLayout;

  constructor(trial: Trial, requests: RequestJudge, layout: ReplyLayout) {
    this.trial = trial;
    this.requests = requests;
    this.layout = layout;
  }

  /** @param illegal the request was not to be taken. // Hot path. */
  success(row: MessageRow, words: Int32Array, at: number, illegal: boolean): void {
    const { trial, requests } = this;
    const { takenSocket: socket } = trial.transactions;
    const ofSocket = row.target === TARGET_DEVICE && socket >= 0 && socket < trial.sockets.count;
    if (!illegal && ofSocket) trial.accounts?.answers.succeeded(row, socket, words, at);
    if (row.functionCode === EXEC_SYS_TAB_SET && row.target === TARGET_EXECUTIVE)
      trial.refusals.iopWord = requests.iopWord;
    if (row.functionCode === EXEC_SYS_ENABLE && row.target === TARGET_EXECUTIVE) trial.refusals.enabled();
    const aborts = row.replyForm === 'overlaid' && row.functionCode === UTIL_ABORT;
    if (aborts) requests.aborts.answered(row, words[at + 4]);
  }

  /** Whether an error has a reason, and what follows for the socket's accounts. */
  refusal(row: MessageRow, words: Int32Array, at: number, sizeWords: number, status: number): void {
    const { refusals, transactions, accounts, sockets } = this.trial;
    const detail = words[at + 4] & 0xffff;
    const { takenSocket: socket } = transactions;
    refusals.answered(row, status, detail);
    if (status !== REQUEST_STATUS_TRANSACTION_ERROR && sizeWords !== row.replyWords)
      this.layout.nothingBehind(row, sizeWords, STATUS_WORDS);
    if (row.target !== TARGET_DEVICE || accounts === undefined || socket < 0) return;
    if (row.functionCode === SOCKET_SEND) accounts.doubt(socket);
    const good = (transactions.takenFlags & (ILLEGAL_HERE | MALFORMED | UNSEEN)) === 0;
    if (good && socket < sockets.count) accounts.answers.refused(row, socket, words, at, detail);
  }
}
