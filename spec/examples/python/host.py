#!/usr/bin/env python3
"""A host in Python, of the standard library alone: it brings a card up, opens a stream to itself, and moves bytes.

It speaks the pipe protocol (docs/pipe.md) over standard input and output:

    npx inic conform --exec 'python3 host.py' --role host

With `--memory FILE` it maps the region, and its frames go by two rings there; with `--free`, too, it runs by itself.
"""
import ctypes
import mmap
import os
import platform
import select
import struct
import sys
import threading

import inic
from inic import get, put

FRAME_WORDS = 32
CONTEXT = 0x1D1C  # of every request of ours: what comes back in another is nobody's
NEVER = (0xFFFFFFFF, 0xFFFFFFFF)
# Where things lie in the control area.
STATUS_BLOCK, STATUS_WORD, SYSTEM_TABLE, TABLE, TABLE_BYTES = 0, 128, 256, 512, 1024
PORT, LISTENER, CLIENT, SERVER = 4711, 0, 1, 2
POLL_NS, POLLS = 50_000, 20_000
BUCKETS_PER_POST = 9
LOOKS = 50  # in vain, before it rests
MEMORY_ORDER_SEQ_CST = 5
X86 = ('x86_64', 'AMD64', 'i686', 'i386')
MULTIPLE = inic.MESSAGE_FLAG_MULTIPLE << 8
FAIL = inic.MESSAGE_FLAG_FAIL << 8


class Failure(Exception):
    """The card does not do what a card does."""


class Pipe:
    """Messages to and from the front-end."""

    def send(self, kind, fields=(), tail=b''):
        tail += b'\0' * (-len(tail) % 4)
        body = struct.pack(f'<{len(fields)}I', *(field & 0xFFFFFFFF for field in fields)) + tail
        sys.stdout.buffer.write(struct.pack('<III', kind, inic.PIPE_VERSION, len(body)) + body)

    def receive(self):
        sys.stdout.buffer.flush()
        kind, version, size = struct.unpack('<III', self.read(inic.PIPE_HEADER_BYTES))
        if version != inic.PIPE_VERSION:
            sys.exit('the other side speaks another version')
        return kind, self.read(size)

    def read(self, size):
        data = b''
        while len(data) < size:
            piece = os.read(0, size - len(data))
            if not piece:
                sys.exit(0)
            data += piece
        return data

    def wait(self, seconds):
        """Whether a message comes within the time."""
        sys.stdout.buffer.flush()
        return bool(select.select([0], [], [], seconds)[0])


def words_of(body):
    return list(struct.unpack(f'<{len(body) // 4}I', body))


class Host:
    def __init__(self, pipe, begin):
        self.pipe = pipe
        self.begin = begin
        self.now = begin[inic.PIPE_BEGIN_TIME_LOW] | begin[inic.PIPE_BEGIN_TIME_HIGH] << 32
        self.free = list(range(begin[inic.PIPE_BEGIN_INBOUND_FRAMES]))
        self.arrived, self.replies = [], []
        self.transaction = 0
        self.buffers = list(range(begin[inic.PIPE_BEGIN_TRANSMIT_BUFFERS]))
        self.received, self.ended = bytearray(), False
        self.control = begin[inic.PIPE_BEGIN_CONTROL_OFFSET]

    # Turns and memory.

    def rest(self, ns=None):
        """Ends our turn, and hears what comes until the next one."""
        until = NEVER if ns is None else ((self.now + ns) & 0xFFFFFFFF, (self.now + ns) >> 32)
        self.pipe.send(inic.PIPE_REST, until)
        self.hear_turn()

    def hear_turn(self):
        while True:
            kind, body = self.pipe.receive()
            words = words_of(body)
            if kind == inic.PIPE_TURN:
                self.now = words[0] | words[1] << 32
                return
            if kind == inic.PIPE_END:
                sys.exit(0)
            if kind == inic.PIPE_FRAME:
                self.arrived.append((words[0], words[inic.PIPE_FRAME_FIELDS:]))
            elif kind == inic.PIPE_INTERRUPT:
                self.take_arrived()
            elif kind == inic.PIPE_RELEASE:
                self.free += words
            elif kind == inic.PIPE_RESTART:
                self.free = list(range(self.begin[inic.PIPE_BEGIN_INBOUND_FRAMES]))
                self.arrived, self.replies = [], []

    def take_arrived(self):
        numbers = [number for number, _ in self.arrived]
        for _, words in self.arrived:
            self.take(words)
        self.arrived = []
        self.pipe.send(inic.PIPE_RELEASE, numbers)

    def take(self, words):
        """A reply: what is not an answer to anything we asked is left alone."""
        size = words[0] >> 16
        if words[2] != CONTEXT or size > FRAME_WORDS or words[0] & 7 != 1 or words[0] & FAIL:
            return
        if not words[0] & MULTIPLE:
            self.replies.append(words)
        elif words[1] >> 24 == inic.SOCKET_SEND:
            at = inic.SOCKET_SEND_REPLY_LIST_WORD
            self.buffers += words[at:at + get(words, inic.SOCKET_SEND_REPLY_COUNT)]
        elif words[1] >> 24 == inic.SOCKET_RECEIVE_POST:
            for i in range(get(words, inic.SOCKET_RECEIVE_POST_REPLY_COUNT)):
                at = inic.SOCKET_RECEIVE_POST_REPLY_LIST_WORD + i * inic.RECEIVE_RECORD_WORDS
                self.take_record(words[at:at + inic.RECEIVE_RECORD_WORDS])

    def write(self, address, data):
        self.pipe.send(inic.PIPE_MEMORY_WRITE, (address, len(data)), bytes(data))

    def read(self, address, length):
        self.pipe.send(inic.PIPE_MEMORY_READ, (address, length))
        kind, body = self.pipe.receive()
        if kind != inic.PIPE_MEMORY_DATA:
            raise Failure('memory was not brought')
        return body[4:4 + length]

    def word(self, address):
        return words_of(self.read(address, 4))[0]

    def has_room(self):
        return bool(self.free)

    def lend_frames(self):
        self.pipe.send(inic.PIPE_RELEASE, range(self.begin[inic.PIPE_BEGIN_OUTBOUND_FRAMES]))

    def send_frame(self, frame):
        self.pipe.send(inic.PIPE_FRAME, (self.free.pop(), 0), frame)
        self.pipe.send(inic.PIPE_DOORBELL)

    def forget(self):
        """The card has been reset."""

    def until(self, done, what, ns=POLL_NS):
        for _ in range(POLLS):
            if done():
                return
            self.rest(ns)
        raise Failure(f'the card never brought {what}')

    # Requests.

    def post(self, target, function, body, sgl_word=0, word3=None):
        """Posts a request. Returns its transaction, by which its answer is known."""
        self.until(self.has_room, 'a free frame')
        self.transaction += 1
        words = [0] * FRAME_WORDS
        words[0] = 1 | sgl_word << 4 | (4 + len(body)) << 16
        words[1] = target | inic.TID_HOST << 12 | function << 24
        words[2], words[3] = CONTEXT, self.transaction if word3 is None else word3
        words[4:4 + len(body)] = body
        self.send_frame(struct.pack('<32I', *(word & 0xFFFFFFFF for word in words)))
        return self.transaction

    def answer(self, function, transaction, what):
        found = []

        def done():
            found.extend(r for r in self.replies if r[1] >> 24 == function and r[3] == transaction)
            return found

        self.until(done, f'an answer to {what}', 1_000_000)
        self.replies = [r for r in self.replies if r is not found[0]]
        status, detail = found[0][4] >> 24, found[0][4] & 0xFFFF
        if status != inic.REQUEST_STATUS_SUCCESS:
            raise Failure(f'the card refused {what}: status {status}, detail {detail}')
        return found[0]

    def ask(self, target, function, body, what, sgl_word=0):
        return self.answer(function, self.post(target, function, body, sgl_word), what)

    # Bring-up.

    def state(self):
        block = self.control + STATUS_BLOCK
        length = inic.STATUS_BLOCK_WORDS * 4
        self.write(block, bytes(length))
        self.post(inic.TID_IOP, inic.EXEC_STATUS_GET, [0, 0, block, 0, length])
        self.until(lambda: self.read(block + length - 1, 1)[0] == 0xFF, 'its status block')
        return get(words_of(self.read(block, length)), inic.STATUS_BLOCK_IOP_STATE)

    def reset(self):
        at = self.control + STATUS_WORD
        self.write(at, bytes(4))
        self.post(inic.TID_IOP, inic.EXEC_IOP_RESET, [0, 0, at, 0])
        self.until(lambda: self.word(at) != 0, 'an end of its reset')
        self.forget()
        self.until(lambda: self.state() == inic.IOP_STATE_RESET, 'the state RESET')

    def element(self, flags, length, address):
        return [(flags << 24) | length, address]

    def table(self, function, head, what):
        at, last = self.control + TABLE, inic.SGL_IN | inic.SGL_LAST
        body = head + self.element(last, TABLE_BYTES, at)
        self.ask(inic.TID_IOP, function, body, what, 4 + len(head))
        return words_of(self.read(at, TABLE_BYTES))

    def device(self):
        table = self.table(inic.EXEC_LCT_NOTIFY, [0xFFFFFFFF, 0], 'LctNotify')
        end = get(table, inic.LCT_HEADER_TABLE_WORDS)
        for at in range(inic.LCT_HEADER_WORDS, end, inic.LCT_ENTRY_WORDS):
            entry = table[at:at + inic.LCT_ENTRY_WORDS]
            if get(entry, inic.LCT_ENTRY_CLASS_ID) == inic.SOCKET_CLASS_ID:
                return get(entry, inic.LCT_ENTRY_LOCAL_TID), get(entry, inic.LCT_ENTRY_USER_TID)
        raise Failure('the card has no device of the socket class')

    def bring_up(self):
        if self.state() != inic.IOP_STATE_RESET:
            self.reset()
        at = self.control + STATUS_WORD
        self.write(at, bytes(4))
        body = [4096, 0x80 | FRAME_WORDS << 16] + self.element(inic.SGL_IN | inic.SGL_LAST, 4, at)
        self.post(inic.TID_IOP, inic.EXEC_OUTBOUND_INIT, body, inic.EXEC_OUTBOUND_INIT_SGL_WORD)
        self.until(lambda: self.word(at) > inic.POLLED_STATUS_IN_PROGRESS, 'an end of OutboundInit')
        if self.word(at) != inic.POLLED_STATUS_COMPLETE:
            raise Failure('the card failed OutboundInit')
        self.lend_frames()
        self.table(inic.EXEC_HRT_GET, [], 'HrtGet')
        self.sys_tab_set()
        self.ask(inic.TID_IOP, inic.EXEC_SYS_ENABLE, [], 'SysEnable')
        self.tid, _ = self.device()
        flags = inic.CLAIM_FLAG_EXCLUSIVE | inic.CLAIM_TYPE_PRIMARY << 24
        self.ask(self.tid, inic.UTIL_CLAIM, [flags], 'UtilClaim')
        if self.device()[1] != inic.TID_HOST:
            raise Failure('the table does not say that the device is claimed')
        buckets = list(range(self.begin[inic.PIPE_BEGIN_RECEIVE_BUCKETS]))
        for i in range(0, len(buckets), BUCKETS_PER_POST):
            self.lend(buckets[i:i + BUCKETS_PER_POST])

    def sys_tab_set(self):
        at = self.control + SYSTEM_TABLE
        table = [0] * (inic.SYS_TAB_HEADER_WORDS + inic.SYS_TAB_ENTRY_WORDS)
        put(table, inic.SYS_TAB_HEADER_ENTRY_COUNT, 1)
        entry = [0] * inic.SYS_TAB_ENTRY_WORDS
        put(entry, inic.SYS_TAB_ENTRY_IOP_ID, 2)
        put(entry, inic.SYS_TAB_ENTRY_I2O_VERSION, 1)
        put(entry, inic.SYS_TAB_ENTRY_IOP_STATE, inic.IOP_STATE_HOLD)
        put(entry, inic.SYS_TAB_ENTRY_INBOUND_FRAME_WORDS, FRAME_WORDS)
        table[inic.SYS_TAB_HEADER_WORDS:] = entry
        self.write(at, struct.pack(f'<{len(table)}I', *table))
        body = [2, 0] + self.element(inic.SGL_OUT, len(table) * 4, at)
        body += self.element(inic.SGL_OUT, 4, at) + self.element(inic.SGL_OUT | inic.SGL_LAST, 4, at)
        self.ask(inic.TID_IOP, inic.EXEC_SYS_TAB_SET, body, 'SysTabSet', inic.EXEC_SYS_TAB_SET_SGL_WORD)

    # Streams.

    def lend(self, buckets):
        size = self.begin[inic.PIPE_BEGIN_RECEIVE_BUCKET_BYTES]
        body = []
        for i, bucket in enumerate(buckets):
            flags = inic.SGL_BUCKET | (inic.SGL_LAST if i == len(buckets) - 1 else 0)
            body += [flags << 24 | size, bucket, self.begin[inic.PIPE_BEGIN_RECEIVE_OFFSET] + bucket * size]
        at = inic.SOCKET_RECEIVE_POST_SGL_WORD
        self.post(self.tid, inic.SOCKET_RECEIVE_POST, body, at, len(buckets))

    def take_record(self, record):
        socket, flags = get(record, inic.RECEIVE_RECORD_SOCKET_ID), get(record, inic.RECEIVE_RECORD_FLAGS)
        if flags & inic.RECEIVE_FLAG_ERROR:
            raise Failure(f'socket {socket} failed with errno {get(record, inic.RECEIVE_RECORD_STATUS)}')
        if flags & inic.RECEIVE_FLAG_END_OF_STREAM:
            self.ended = self.ended or socket == SERVER
            return
        if socket != SERVER:
            raise Failure(f'bytes for socket {socket}, to which nobody sends')
        self.records.append((record[0], get(record, inic.RECEIVE_RECORD_OFFSET),
                             get(record, inic.RECEIVE_RECORD_LENGTH), flags))

    def read_records(self):
        """Takes the bytes of what has come, credits them, and lends the buckets again."""
        size, start = self.begin[inic.PIPE_BEGIN_RECEIVE_BUCKET_BYTES], self.begin[inic.PIPE_BEGIN_RECEIVE_OFFSET]
        records, self.records = self.records, []
        for bucket, offset, length, flags in records:
            self.received += self.read(start + bucket * size + offset, length)
            self.post(self.tid, inic.SOCKET_RECEIVE_CREDIT, [1, SERVER, length])
            if flags & inic.RECEIVE_FLAG_LAST_IN_BUCKET:
                self.lend([bucket])

    def send_piece(self, data):
        buffer = self.buffers.pop()
        size = self.begin[inic.PIPE_BEGIN_TRANSMIT_BUFFER_BYTES]
        address = self.begin[inic.PIPE_BEGIN_TRANSMIT_OFFSET] + buffer * size
        self.write(address, data)
        flags = inic.SGL_TRANSMIT | inic.SGL_LAST
        body = [CLIENT, 0, flags << 24 | len(data), buffer, address]
        self.post(self.tid, inic.SOCKET_SEND, body, inic.SOCKET_SEND_SGL_WORD)

    def transfer(self, length):
        address, tid = self.begin[inic.PIPE_BEGIN_IPV4_ADDRESS], self.tid
        stream = inic.SOCKET_TYPE_STREAM
        self.records = []
        self.ask(tid, inic.SOCKET_CREATE, [LISTENER, stream], 'SocketCreate')
        self.ask(tid, inic.SOCKET_BIND, [LISTENER, address, PORT], 'SocketBind')
        self.ask(tid, inic.SOCKET_LISTEN, [LISTENER, 1], 'SocketListen')
        self.post(tid, inic.SOCKET_ACCEPT_POST, [LISTENER, 1, SERVER])
        self.ask(tid, inic.SOCKET_CREATE, [CLIENT, stream], 'SocketCreate')
        self.ask(tid, inic.SOCKET_CONNECT, [CLIENT, address, PORT], 'SocketConnect')
        # Each number posted is a transaction of its own: its context is the number.
        self.answer(inic.SOCKET_ACCEPT_POST, SERVER, 'SocketAcceptPost')
        data = bytes((i * 31 + (i >> 8)) & 0xFF for i in range(length))
        sent, size = 0, self.begin[inic.PIPE_BEGIN_TRANSMIT_BUFFER_BYTES]
        most = self.begin[inic.PIPE_BEGIN_TRANSMIT_BUFFERS]

        def moved():
            nonlocal sent
            self.read_records()
            while sent < length and self.buffers and self.has_room():
                self.send_piece(data[sent:sent + size])
                sent += min(size, length - sent)
            return len(self.received) >= length and len(self.buffers) == most

        self.until(moved, 'all bytes', 1_000_000)
        if self.received != data:
            raise Failure('other bytes came than were sent')
        self.ask(tid, inic.SOCKET_CLOSE, [CLIENT], 'SocketClose')
        self.until(lambda: self.ended, 'the end of the stream', 1_000_000)
        self.ask(tid, inic.SOCKET_CLOSE, [SERVER], 'SocketClose')
        self.ask(tid, inic.SOCKET_CLOSE, [LISTENER], 'SocketClose')

    def start(self):
        self.hear_turn()

    def work(self):
        self.start()
        try:
            self.bring_up()
            self.transfer(self.begin[inic.PIPE_BEGIN_TRANSFER_BYTES])
            self.ask(inic.TID_IOP, inic.EXEC_SYS_QUIESCE, [], 'SysQuiesce')
            self.pipe.send(inic.PIPE_DONE, [inic.PIPE_DONE_STATUS_GOOD])
        except Failure as failure:
            text = str(failure).encode('ascii', 'replace')
            self.pipe.send(inic.PIPE_DONE, [inic.PIPE_DONE_STATUS_FAILED], text + b' ' * (-len(text) % 4))
        self.end()

    def end(self):
        self.pipe.send(inic.PIPE_REST, NEVER)


def memory_fence():
    """Keeps memory operations on its two sides apart: the atomic_thread_fence of C, since Python has none. Where its
    library is missing, x86 has taking a lock, which is an atomic operation and a full barrier there. None elsewhere."""
    try:
        fence = ctypes.PyDLL('libatomic.so.1').atomic_thread_fence
        fence.argtypes, fence.restype = [ctypes.c_int], None
        return lambda: fence(MEMORY_ORDER_SEQ_CST)
    except (OSError, AttributeError):
        lock = threading.Lock()
        return (lambda: lock.acquire() and lock.release()) if platform.machine() in X86 else None


class Ring:
    """A ring of the shared-memory form: four words, each with 128 bytes to itself, and frames."""

    def __init__(self, words, offset, capacity, fence):
        self.words, self.start, self.capacity, self.fence = words, offset // 4, capacity, fence

    def load(self, word):
        """What is read behind it is not older, and what was stored before it is to be seen."""
        self.fence()
        value = self.words[self.start + word // 4]
        self.fence()
        return value

    def store(self, word, value):
        """What was written before it is to be seen with it, and what is loaded behind it is not older."""
        self.fence()
        self.words[self.start + word // 4] = value & 0xFFFFFFFF
        self.fence()

    def frame(self, index):
        return (self.start * 4 + inic.RING_FRAMES) + index % self.capacity * inic.PIPE_FRAME_BYTES

    def publish(self, word, event, value):
        """Stores an index, and only then loads the event. Whether the other side wants to be told of it."""
        last = self.load(word)
        self.store(word, value)
        return (value - self.load(event) - 1) & 0xFFFFFFFF < (value - last) & 0xFFFFFFFF


class SharedHost(Host):
    """The same over a file that both map; in turns, or by itself."""

    def __init__(self, pipe, begin, memory, free_running):
        super().__init__(pipe, begin)
        path = memory[inic.PIPE_MEMORY_FIELDS * 4:].decode().rstrip()
        inbound, outbound = struct.unpack_from('<2I', memory)
        with open(path, 'r+b') as file:
            self.memory = mmap.mmap(file.fileno(), begin[inic.PIPE_BEGIN_REGION_BYTES])
        words = memoryview(self.memory).cast('I')
        # In turns the pipe's messages order memory, and nothing else is needed.
        fence = memory_fence() if free_running else lambda: None
        self.requests = Ring(words, inbound, begin[inic.PIPE_BEGIN_INBOUND_FRAMES], fence)
        self.answers = Ring(words, outbound, begin[inic.PIPE_BEGIN_OUTBOUND_FRAMES], fence)
        self.posted = self.taken = 0
        self.free_running = free_running

    def write(self, address, data):
        self.memory[address:address + len(data)] = bytes(data)

    def read(self, address, length):
        return self.memory[address:address + length]

    def has_room(self):
        return (self.posted - self.requests.load(inic.RING_HEAD)) & 0xFFFFFFFF < self.requests.capacity

    def lend_frames(self):
        """The ring's frames are its producer's from the start."""

    def send_frame(self, frame):
        self.write(self.requests.frame(self.posted), frame)
        self.posted = (self.posted + 1) & 0xFFFFFFFF
        if self.requests.publish(inic.RING_TAIL, inic.RING_TAIL_EVENT, self.posted):
            self.pipe.send(inic.PIPE_DOORBELL)

    def take_arrived(self):
        """Takes what the card has posted. How many frames."""
        first, tail = self.taken, self.answers.load(inic.RING_TAIL)
        if (tail - first) & 0xFFFFFFFF > self.answers.capacity:
            raise Failure('the ring of replies is broken')
        while self.taken != tail:
            self.take(words_of(self.read(self.answers.frame(self.taken), inic.PIPE_FRAME_BYTES)))
            self.taken = (self.taken + 1) & 0xFFFFFFFF
        if tail != first and self.answers.publish(inic.RING_HEAD, inic.RING_HEAD_EVENT, tail):
            self.pipe.send(inic.PIPE_DOORBELL)
        return (tail - first) & 0xFFFFFFFF

    def forget(self):
        self.taken = self.answers.load(inic.RING_TAIL)
        self.answers.store(inic.RING_HEAD, self.taken)

    def arm(self):
        """Asks to be told of the next reply. Whether there is none yet."""
        self.answers.store(inic.RING_TAIL_EVENT, self.taken)
        return self.answers.load(inic.RING_TAIL) == self.taken

    def start(self):
        if not self.free_running:
            self.hear_turn()

    def end(self):
        """One that runs by itself rests only when it is asked to."""
        self.take_arrived()
        if not self.free_running:
            super().end()

    def rest(self, ns=None):
        if self.take_arrived():
            return
        if not self.free_running:
            if self.arm():
                super().rest(ns)
            self.take_arrived()
            return
        for _ in range(LOOKS):
            if self.take_arrived():
                return
        if self.arm() and self.pipe.wait(None if ns is None else ns / 1e9):
            self.hear()
        self.take_arrived()

    def hear(self):
        """One message of those that come out of turns: most are but a reason to look."""
        kind, _ = self.pipe.receive()
        if kind == inic.PIPE_TURN:
            self.take_arrived()
            self.arm()
            self.pipe.send(inic.PIPE_REST, NEVER)
        elif kind == inic.PIPE_END:
            sys.exit(0)


def main():
    pipe, features, settings = Pipe(), 0, []
    while True:
        kind, body = pipe.receive()
        words = words_of(body[:len(body) // 4 * 4])
        if kind == inic.PIPE_HELLO:
            if words[inic.PIPE_HELLO_ROLE] != inic.PIPE_ROLE_HOST:
                sys.exit('this is a host')
            able = inic.PIPE_FEATURE_SHARED_MEMORY
            if memory_fence() is not None:  # without one, in turns alone
                able |= inic.PIPE_FEATURE_FREE_RUNNING
            features = words[inic.PIPE_HELLO_FEATURES] & able
            pipe.send(inic.PIPE_READY, (inic.PIPE_VERSION, features), b'executive utility socket')
        elif kind == inic.PIPE_BEGIN and features == 0:
            Host(pipe, words).work()
        elif kind == inic.PIPE_BEGIN:
            settings = words
        elif kind == inic.PIPE_MEMORY:
            SharedHost(pipe, settings, body, bool(features & inic.PIPE_FEATURE_FREE_RUNNING)).work()
        elif kind == inic.PIPE_TURN:
            pipe.send(inic.PIPE_REST, NEVER)
        elif kind == inic.PIPE_END:
            return


if __name__ == '__main__':
    main()
