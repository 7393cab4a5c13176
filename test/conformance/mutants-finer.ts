/**
 * Drivers and cards that are wrong in what nobody relies on: reserved bits, offsets, flags of none, data of
 * events, causes.
 */
import { EXEC_LCT_NOTIFY, EXEC_STATUS_GET, EXEC_SYS_ENABLE } from '../../src/i2o/executive.gen.ts';
import {
  SOCKET_BIND,
  SOCKET_CONNECT,
  SOCKET_CREATE,
  SOCKET_OPTION_GET,
  SOCKET_RECEIVE_POST,
  SOCKET_SEND,
} from '../../src/i2o/socket.gen.ts';
import { first, type Mutant, put, when } from './mutant.ts';

const ALL_EVENTS = 7;
const isData = (words: Int32Array, at: number): boolean => (words[at + 9] & 0xffffff) > 0;

export const FINER_MUTANTS: readonly Mutant[] = [
  { name: 'flag of MsgFlags that I2O has not', rule: 'H-03', driver: first(SOCKET_BIND, put(0, 10, 10, 1)) },
  { name: 'STATIC, and no static frame was made', rule: 'H-03', driver: first(SOCKET_BIND, put(0, 8, 8, 1)) },
  {
    name: 'reply with a flag that I2O has not',
    rule: 'H-04',
    cardReply: first(SOCKET_BIND, put(0, 11, 11, 1)),
  },
  {
    name: 'MULTIPLE in a reply of the executive',
    rule: 'H-04',
    follows: true,
    cardReply: first(EXEC_SYS_ENABLE, put(0, 12, 12, 1)),
  },
  { name: 'list offset in a plain reply', rule: 'H-05', cardReply: first(SOCKET_BIND, put(0, 4, 7, 4)) },
  {
    name: 'list offset missing in a list of records',
    rule: 'H-05',
    cardReply: first(SOCKET_RECEIVE_POST, put(0, 4, 7, 0)),
  },
  {
    name: 'reserved bits of a request set',
    rule: 'F-08',
    driver: first(SOCKET_CREATE, put(4, 24, 29, 0x15)),
  },
  { name: 'reserved word of a request used', rule: 'F-08', driver: first(EXEC_STATUS_GET, put(4, 0, 31, 9)) },
  { name: 'reserved bits of a status set', rule: 'F-08', cardReply: first(SOCKET_BIND, put(4, 16, 23, 1)) },
  {
    name: 'status block asked for outside the control area',
    rule: 'S-05',
    driver: first(EXEC_STATUS_GET, put(6, 0, 31, 64)),
    follows: true,
  },
  {
    name: 'chain pointer that closes a buffer',
    rule: 'S-01',
    driver: first(SOCKET_RECEIVE_POST, put(4, 28, 29, 3)),
  },
  {
    name: 'status of an abort nobody asked for',
    rule: 'T-09',
    cardReply: first(SOCKET_OPTION_GET, put(4, 24, 31, 2)),
  },
  {
    name: 'contexts returned as aborted, and nobody asked for that',
    rule: 'T-09',
    cardReply: first(SOCKET_SEND, put(4, 24, 31, 1)),
  },
  {
    name: 'event of two kinds at once',
    rule: 'F-09',
    setUp: (card) => card.stack.device.registerEvents(ALL_EVENTS),
    cardReply: first(0x13, put(4, 0, 31, 3)),
  },
  {
    name: 'event of a state there is not',
    rule: 'F-09',
    setUp: (card) => card.stack.device.registerEvents(ALL_EVENTS),
    cardReply: first(0x13, put(5, 24, 31, 99)),
  },
  {
    name: 'status in a record with data',
    rule: 'F-07',
    cardReply: when(SOCKET_RECEIVE_POST, isData, put(9, 24, 31, 104)),
  },
  {
    name: 'bytes of a stream cut off',
    rule: 'F-07',
    cardReply: when(SOCKET_RECEIVE_POST, isData, put(8, 27, 27, 1)),
  },
  {
    name: 'reserved byte of a control word used',
    rule: 'F-06',
    follows: true,
    cardReply: first(SOCKET_SEND, put(3, 16, 23, 1)),
  },
  {
    name: 'answer of another function',
    rule: 'T-05',
    follows: true,
    cardReply: first(SOCKET_CONNECT, put(2, 0, 31, 0)),
  },
  {
    name: 'table asked for with a list past its end',
    rule: 'S-02',
    follows: true,
    driver: first(EXEC_LCT_NOTIFY, put(6, 31, 31, 0)),
  },
];
