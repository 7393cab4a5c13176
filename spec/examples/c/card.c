/*
 * A card in plain C: what it takes to be brought up, and the socket class's streams, whose both ends are on
 * this card. It speaks the pipe protocol (docs/pipe.md) over standard input and output:
 *
 *   gcc -O2 -o card card.c && npx inic conform --exec ./card
 *
 * With `--memory FILE` it maps the region, and takes its requests from a ring there and puts its replies in another; what
 * belongs to that form is in one place, below.
 *
 * What it does not do (datagrams, batches, parameter groups, the other classes) it does not claim.
 */
#define INIC_SHARED_MEMORY
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "inic.h"

static const char CLAIMS[] =
    "ExecStatusGet ExecOutboundInit ExecIopReset ExecHrtGet ExecSysTabSet ExecSysEnable ExecSysQuiesce ExecLctNotify "
    "UtilNop UtilClaim UtilClaimRelease UtilEventRegister SocketCreate SocketBind SocketConnect SocketListen "
    "SocketAcceptPost SocketSend SocketReceivePost SocketReceiveCredit SocketShutdown SocketClose SocketAbort "
    "SocketOptionSet SocketOptionGet SocketStatusGet SocketNameGet preserve ";

enum { FRAME_WORDS = 32, FRAMES = 1024, SOCKETS = 1024, CONNS = 2048, BUCKETS = 4096, CHUNKS = 8192, QUEUE = 16384 };
enum { CLASS_VERSION = 2, TRL_WORD = 3, SENDABLE = 96, LOOPBACK = 0x7f000001, EPHEMERAL = 32768, OPTIONS = 0x1000 };

/* ---- The pipe. ---- */

static void die(const char *what) {
  fprintf(stderr, "card: %s\n", what);
  exit(1);
}

static void read_all(void *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t got = read(0, (char *)bytes + at, length - at);
    if (got == 0) exit(0);
    if (got < 0 && errno != EINTR) die("cannot read");
    if (got > 0) at += (size_t)got;
  }
}

static uint8_t out[1 << 20];
static size_t out_length;

static void flush(void) {
  for (size_t at = 0; at < out_length;) {
    ssize_t put = write(1, out + at, out_length - at);
    if (put < 0 && errno != EINTR) exit(0);
    if (put > 0) at += (size_t)put;
  }
  out_length = 0;
}

static void send_message(uint32_t type, const uint32_t *fields, size_t count, const void *tail, size_t length) {
  size_t whole = (length + 3) & ~(size_t)3;
  uint32_t head[3] = {type, INIC_PIPE_VERSION, (uint32_t)(count * 4 + whole)};
  if (out_length + sizeof head + count * 4 + whole > sizeof out) flush();
  memcpy(out + out_length, head, sizeof head);
  if (count > 0) memcpy(out + out_length + sizeof head, fields, count * 4);
  memset(out + out_length + sizeof head + count * 4, 0, whole);
  if (length > 0) memcpy(out + out_length + sizeof head + count * 4, tail, length);
  out_length += sizeof head + count * 4 + whole;
}

static uint32_t in_head[3], in[INIC_PIPE_PAYLOAD_BYTES_MAX / 4];

static void receive_message(void) {
  read_all(in_head, sizeof in_head);
  if (in_head[1] != INIC_PIPE_VERSION || in_head[2] > sizeof in) die("the other side speaks another protocol");
  read_all(in, in_head[2]);
}

static uint8_t *region; /* where the file is mapped; NULL: all goes by the pipe */

static void memory_write(uint32_t address, const void *bytes, uint32_t length) {
  if (region != NULL) {
    memcpy(region + address, bytes, length);
    return;
  }
  uint32_t fields[2] = {address, length};
  send_message(INIC_PIPE_MEMORY_WRITE, fields, 2, bytes, length);
}

/* The answer comes next: the front-end says nothing else within our turn. */
static const void *memory_read(uint32_t address, uint32_t length) {
  if (region != NULL) return region + address;
  uint32_t fields[2] = {address, length};
  send_message(INIC_PIPE_MEMORY_READ, fields, 2, NULL, 0);
  flush();
  receive_message();
  if (in_head[0] != INIC_PIPE_MEMORY_DATA) die("memory was not brought");
  return in + INIC_PIPE_MEMORY_DATA_FIELDS;
}

/* ---- What the card is. ---- */

static uint32_t begin[INIC_PIPE_BEGIN_FIELDS]; /* the settings, as Begin brought them */
#define SETTING(name) begin[INIC_PIPE_BEGIN_##name]

enum { FLAGS_BYTE = 1 }; /* where a header has its flags */
struct frame { uint32_t number, address, words[FRAME_WORDS]; };
static struct frame arrived[FRAMES], posted[FRAMES];
static unsigned arrived_count, posted_count;

static uint32_t replies[QUEUE][FRAME_WORDS]; /* answers that wait for a frame */
static unsigned reply_head, reply_tail;
static uint32_t free_frames[FRAMES];
static unsigned free_count;
static int announce;

static uint32_t iop_state, init_code, lct_change, claim_flags;
static int claimed;
static struct { int open; uint32_t words[FRAME_WORDS]; } lct_wait, events[2];

/* One end of a connection. It outlives its socket until all is sent. */
struct conn {
  int used, peer, socket, first, last; /* first and last: what is to be sent */
  int fin, fin_told, error, told;
  uint32_t window, local, remote, local_port, remote_port;
};
/* Bytes to be sent: of a transmit buffer, or immediate ones. */
struct chunk { int next; uint32_t context, initiator, address, length, sent; uint8_t bytes[SENDABLE]; };
enum state { FREE, POSTED, OPEN, BOUND, CONNECTING, CONNECTED, LISTENING, FAILED };
struct sock {
  enum state state;
  int conn, closing, backlog, waiting[64], waiting_count, posts[64], post_count;
  uint32_t address, port, failure, request[FRAME_WORDS], close_request[FRAME_WORDS];
  uint32_t option[OPTIONS / 8];
};
struct bucket { uint32_t context, address, length, initiator; };

static struct conn conns[CONNS];
static struct chunk chunks[CHUNKS];
static struct sock socks[SOCKETS];
static struct bucket buckets[BUCKETS];
static unsigned bucket_head, bucket_tail, next_port;
static int chunk_free;
static uint32_t record_initiator;
static uint8_t context_used[BUCKETS], bucket_used[BUCKETS];

static void power_on(void) {
  arrived_count = posted_count = reply_head = reply_tail = free_count = 0;
  iop_state = INIC_IOP_STATE_RESET;
  init_code = claimed = claim_flags = announce = 0;
  lct_change = 1;
  lct_wait.open = events[0].open = events[1].open = 0;
}

static void devices_on(void) {
  memset(conns, 0, sizeof conns);
  memset(socks, 0, sizeof socks);
  memset(context_used, 0, sizeof context_used);
  memset(bucket_used, 0, sizeof bucket_used);
  for (int i = 0; i < CHUNKS; i++) chunks[i].next = i + 1;
  chunks[CHUNKS - 1].next = -1;
  chunk_free = bucket_head = bucket_tail = 0;
  next_port = EPHEMERAL;
}

/* ---- Answers. ---- */

static uint32_t *answer(const uint32_t *request, uint32_t flags, uint32_t size) {
  uint32_t *reply = replies[reply_tail++ % QUEUE];
  if (reply_tail - reply_head > QUEUE) die("too many answers wait");
  memset(reply, 0, FRAME_WORDS * 4);
  reply[0] = 1 | flags << 8 | size << 16;
  reply[1] = request[1];
  reply[2] = request[2];
  reply[3] = request[3];
  return reply;
}

#define REPLY_LAST (INIC_MESSAGE_FLAG_REPLY | INIC_MESSAGE_FLAG_LAST)

static uint32_t *status(const uint32_t *request, uint32_t size, uint32_t how, uint32_t detail) {
  uint32_t *reply = answer(request, REPLY_LAST, size);
  reply[4] = how << 24 | detail;
  return reply;
}

static void refuse(const uint32_t *request, uint32_t detail) {
  status(request, 5, INIC_REQUEST_STATUS_ERROR_NO_DATA, detail);
}

/* How a socket request ended, told as its reply mode wants it. */
static uint32_t *outcome(const uint32_t *request, uint32_t size, int error) {
  uint32_t mode = request[4] >> 30;
  if (mode == INIC_REPLY_MODE_NEVER || (mode == INIC_REPLY_MODE_ON_ERROR && error == 0)) return NULL;
  if (error != 0) return refuse(request, (uint32_t)error), NULL;
  return status(request, size, INIC_REQUEST_STATUS_SUCCESS, 0);
}

static void malformed(const uint32_t *request, uint32_t detail, uint32_t byte) {
  uint32_t *reply = status(request, 7, INIC_REQUEST_STATUS_TRANSACTION_ERROR, detail);
  reply[5] = byte;
}

/* It was never delivered: the frame stays the host's to fetch, by the address that the record names. */
static int undelivered(const struct frame *frame, uint32_t code, uint32_t severity) {
  uint32_t *reply = answer(frame->words, REPLY_LAST | INIC_MESSAGE_FLAG_FAIL, INIC_FAILURE_RECORD_WORDS);
  INIC_SET(reply, INIC_FAILURE_RECORD_LOWEST_VERSION, 1);
  INIC_SET(reply, INIC_FAILURE_RECORD_HIGHEST_VERSION, 1);
  INIC_SET(reply, INIC_FAILURE_RECORD_SEVERITY, severity);
  INIC_SET(reply, INIC_FAILURE_RECORD_FAILURE_CODE, code);
  INIC_SET(reply, INIC_FAILURE_RECORD_PRESERVED_MFA_LOW, frame->address);
  return 1;
}

static void send_replies(void) {
  for (; reply_head != reply_tail && free_count > 0; reply_head++) {
    uint32_t fields[2] = {free_frames[--free_count], 0};
    send_message(INIC_PIPE_FRAME, fields, 2, replies[reply_head % QUEUE], FRAME_WORDS * 4);
    announce = 1;
  }
}

/* ---- The shared-memory form. ---- */

static uint8_t *requests, *answers; /* the two rings */
static uint32_t taken, sent;        /* frames, counted from power on; a reset goes on counting */
static int broken;                  /* the host has written an index that cannot be */

static void map_region(uint32_t length) {
  static size_t mapped;
  char path[INIC_PIPE_PAYLOAD_BYTES_MAX] = {0};
  size_t bytes = in_head[2] - INIC_PIPE_MEMORY_FIELDS * 4;
  int fd;
  memcpy(path, in + INIC_PIPE_MEMORY_FIELDS, bytes);
  while (bytes > 0 && path[bytes - 1] == ' ') path[--bytes] = 0;
  if (region != NULL) munmap(region, mapped);
  fd = open(path, O_RDWR);
  region = fd < 0 ? MAP_FAILED : mmap(NULL, mapped = length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (region == MAP_FAILED) die("cannot map the region");
  close(fd);
  requests = region + in[INIC_PIPE_MEMORY_INBOUND_RING];
  answers = region + in[INIC_PIPE_MEMORY_OUTBOUND_RING];
  taken = sent = 0;
  broken = 0;
}

static uint8_t *ring_frame(uint8_t *ring, uint32_t capacity, uint32_t index) {
  return ring + INIC_RING_FRAMES + (size_t)(index & (capacity - 1)) * INIC_PIPE_FRAME_BYTES;
}

/* A frame cannot be kept here without all behind it, so a failure record names none. */
static void take_requests(void) {
  uint32_t tail = inic_ring_load(requests, INIC_RING_TAIL);
  if (tail - taken > SETTING(INBOUND_FRAMES)) broken = 1;
  for (; !broken && taken != tail && posted_count < FRAMES; taken++) {
    posted[posted_count].address = 0xffffffff;
    memcpy(posted[posted_count++].words, ring_frame(requests, SETTING(INBOUND_FRAMES), taken), FRAME_WORDS * 4);
  }
}

/* Stores an index, and only then loads the event. */
static void publish(uint8_t *ring, unsigned index, unsigned event, uint32_t value) {
  uint32_t last = inic_ring_load(ring, index);
  if (last == value) return;
  inic_ring_store(ring, index, value);
  if (inic_ring_asked(inic_ring_load(ring, event), last, value)) announce = 1;
}

static void put_answers(void) {
  uint32_t capacity = SETTING(OUTBOUND_FRAMES), head = inic_ring_load(answers, INIC_RING_HEAD);
  for (; reply_head != reply_tail && sent - head < capacity; reply_head++)
    memcpy(ring_frame(answers, capacity, sent++), replies[reply_head % QUEUE], FRAME_WORDS * 4);
  publish(answers, INIC_RING_TAIL, INIC_RING_TAIL_EVENT, sent);
}

/* Asks to be told of what comes next, and looks once more. Returns whether there is something already. */
static int more_has_come(void) {
  uint32_t head = inic_ring_load(answers, INIC_RING_HEAD);
  inic_ring_store(requests, INIC_RING_TAIL_EVENT, taken);
  if (broken) return 0;
  if (inic_ring_load(requests, INIC_RING_TAIL) != taken) return 1;
  if (reply_head == reply_tail) return 0;
  inic_ring_store(answers, INIC_RING_HEAD_EVENT, head);
  return inic_ring_load(answers, INIC_RING_HEAD) != head;
}

/* ---- Lists. ---- */

struct element { uint32_t flags, count, context, address, at; };

/* Takes the element at a word apart. Returns the word behind it; 0 for one that there is not. */
static uint32_t element_at(const uint32_t *words, uint32_t at, uint32_t size, struct element *element) {
  uint32_t flags = words[at] >> 24, kind = flags & 0x7f, length = 0;
  element->flags = flags;
  element->count = words[at] & 0xffffff;
  element->at = at;
  if (kind == INIC_SGL_IN || kind == INIC_SGL_OUT) length = 2;
  else if (kind == INIC_SGL_BUCKET || kind == INIC_SGL_TRANSMIT) length = 3;
  else if (kind == INIC_SGL_IMMEDIATE) length = 2 + (element->count + 3) / 4;
  if (length == 0 || element->count > 1u << 20 || at + length > size) return 0;
  element->context = words[at + 1];
  element->address = words[at + (length == 2 ? 1 : 2)];
  return at + length;
}

static uint32_t list_of(const uint32_t *words, struct element *elements, uint32_t most) {
  uint32_t size = words[0] >> 16, count = 0;
  for (uint32_t at = words[0] >> 4 & 15; at != 0 && at < size && count < most;) {
    at = element_at(words, at, size, &elements[count]);
    if (at == 0) return 0;
    if (elements[count++].flags & INIC_SGL_LAST) return count;
  }
  return 0;
}

static int in_control(uint32_t address, uint32_t length) {
  return address >= SETTING(CONTROL_OFFSET) && length <= SETTING(CONTROL_BYTES) &&
         address - SETTING(CONTROL_OFFSET) <= SETTING(CONTROL_BYTES) - length;
}

/* Writes a table where a list wants it, cut after a whole entry. */
static void bring_table(const uint32_t *request, const uint32_t *table, uint32_t head, uint32_t entry, uint32_t words) {
  struct element elements[8];
  uint32_t count = list_of(request, elements, 8), room;
  if (count == 0) return malformed(request, INIC_DETAILED_STATUS_INVALID_OFFSET, 0);
  room = elements[0].count / 4;
  if (count != 1 || (elements[0].flags & 0x7f) != INIC_SGL_IN || room < head ||
      !in_control(elements[0].address, elements[0].count))
    return malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, 0);
  while (words > room) words -= entry;
  memory_write(elements[0].address, table, words * 4);
  status(request, 5, INIC_REQUEST_STATUS_SUCCESS, 0);
}

/* ---- The executive. ---- */

static void write_status_block(const uint32_t *request) {
  uint32_t block[INIC_STATUS_BLOCK_WORDS] = {0};
  uint32_t address = INIC_GET(request, INIC_EXEC_STATUS_GET_BUFFER_ADDRESS_LOW);
  INIC_SET(block, INIC_STATUS_BLOCK_I2O_VERSION, 1);
  INIC_SET(block, INIC_STATUS_BLOCK_IOP_STATE, iop_state);
  INIC_SET(block, INIC_STATUS_BLOCK_INBOUND_FRAME_WORDS, FRAME_WORDS);
  INIC_SET(block, INIC_STATUS_BLOCK_INIT_CODE, init_code);
  INIC_SET(block, INIC_STATUS_BLOCK_MAX_INBOUND_FRAMES, SETTING(INBOUND_FRAMES));
  INIC_SET(block, INIC_STATUS_BLOCK_CURRENT_INBOUND_FRAMES, SETTING(INBOUND_FRAMES));
  INIC_SET(block, INIC_STATUS_BLOCK_MAX_OUTBOUND_FRAMES, SETTING(OUTBOUND_FRAMES));
  memcpy(&block[7], "a card in C             ", 24);
  INIC_SET(block, INIC_STATUS_BLOCK_EXPECTED_LCT_BYTES, (INIC_LCT_HEADER_WORDS + INIC_LCT_ENTRY_WORDS) * 4);
  INIC_SET(block, INIC_STATUS_BLOCK_SYNC_BYTE, 0xff);
  if (in_control(address, sizeof block)) memory_write(address, block, sizeof block);
}

static void write_word(uint32_t address, uint32_t value) {
  if (in_control(address, 4)) memory_write(address, &value, 4);
}

static void outbound_init(const uint32_t *request) {
  struct element elements[4];
  if (list_of(request, elements, 4) == 0) return;
  /* Whatever size the host chooses: no answer of this card is longer than the least. */
  init_code = INIC_GET(request, INIC_EXEC_OUTBOUND_INIT_INIT_CODE);
  iop_state = INIC_IOP_STATE_HOLD;
  write_word(elements[0].address, INIC_POLLED_STATUS_COMPLETE);
}

/* The host waits for the status word, whatever comes of it. */
static void outbound_failed(const uint32_t *request) {
  struct element elements[4];
  if (list_of(request, elements, 4) != 0) write_word(elements[0].address, INIC_POLLED_STATUS_FAILED);
}

static void lct_notify(const uint32_t *request) {
  uint32_t table[INIC_LCT_HEADER_WORDS + INIC_LCT_ENTRY_WORDS] = {0}, *entry = table + INIC_LCT_HEADER_WORDS;
  uint32_t filter = INIC_GET(request, INIC_EXEC_LCT_NOTIFY_CLASS_FILTER);
  int shown = filter == 0xffffffff || (filter & 0xfff) == INIC_SOCKET_CLASS_ID;
  if (INIC_GET(request, INIC_EXEC_LCT_NOTIFY_LAST_CHANGE_INDICATOR) > lct_change) {
    lct_wait.open = 1;
    memcpy(lct_wait.words, request, sizeof lct_wait.words);
    return;
  }
  INIC_SET(table, INIC_LCT_HEADER_TABLE_WORDS, INIC_LCT_HEADER_WORDS + (shown ? INIC_LCT_ENTRY_WORDS : 0));
  INIC_SET(table, INIC_LCT_HEADER_BOOT_TID, INIC_TID_NONE);
  INIC_SET(table, INIC_LCT_HEADER_CHANGE_INDICATOR, lct_change);
  INIC_SET(entry, INIC_LCT_ENTRY_ENTRY_WORDS, INIC_LCT_ENTRY_WORDS);
  INIC_SET(entry, INIC_LCT_ENTRY_LOCAL_TID, INIC_TID_FIRST_DEVICE);
  INIC_SET(entry, INIC_LCT_ENTRY_CHANGE_INDICATOR, lct_change);
  INIC_SET(entry, INIC_LCT_ENTRY_CLASS_ID, INIC_SOCKET_CLASS_ID);
  INIC_SET(entry, INIC_LCT_ENTRY_CLASS_VERSION,
           SETTING(CLASS_VERSION) < CLASS_VERSION ? SETTING(CLASS_VERSION) : CLASS_VERSION);
  INIC_SET(entry, INIC_LCT_ENTRY_USER_TID, claimed ? INIC_TID_HOST : INIC_TID_NONE);
  bring_table(request, table, INIC_LCT_HEADER_WORDS, INIC_LCT_ENTRY_WORDS,
              INIC_GET(table, INIC_LCT_HEADER_TABLE_WORDS));
}

static void lct_changed(void) {
  lct_change++;
  if (!lct_wait.open) return;
  lct_wait.open = 0;
  lct_notify(lct_wait.words);
}

static void hrt_get(const uint32_t *request) {
  uint32_t table[INIC_HRT_HEADER_WORDS] = {0};
  INIC_SET(table, INIC_HRT_HEADER_ENTRY_WORDS, INIC_HRT_ENTRY_WORDS);
  bring_table(request, table, INIC_HRT_HEADER_WORDS, INIC_HRT_ENTRY_WORDS, INIC_HRT_HEADER_WORDS);
}

static void sys_tab_set(const uint32_t *request) {
  struct element elements[8];
  uint32_t count = list_of(request, elements, 8);
  if (count == 0) return malformed(request, INIC_DETAILED_STATUS_INVALID_OFFSET, 0);
  for (uint32_t i = 0; i < count; i++)
    if (count != 3 || (elements[i].flags & 0x7f) != INIC_SGL_OUT)
      return malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, 0);
  iop_state = INIC_IOP_STATE_READY;
  status(request, 5, INIC_REQUEST_STATUS_SUCCESS, 0);
}

/* Nothing that was open is answered; frames and buffers are the host's. */
static void iop_reset(const uint32_t *request) {
  uint32_t address = INIC_GET(request, INIC_EXEC_IOP_RESET_STATUS_ADDRESS_LOW);
  power_on();
  devices_on();
  write_word(address, INIC_POLLED_STATUS_IN_PROGRESS);
  send_message(INIC_PIPE_RESTART, NULL, 0, NULL, 0);
}

static void give_back_all(void);

/* Whether the state of the IOP allows it; judged before its fields are. */
static int legal_now(uint32_t function) {
  int up = iop_state != INIC_IOP_STATE_RESET, ready = up && iop_state != INIC_IOP_STATE_HOLD;
  switch (function) {
    case INIC_EXEC_STATUS_GET: case INIC_EXEC_IOP_RESET: return 1;
    case INIC_EXEC_OUTBOUND_INIT: return !ready;
    case INIC_EXEC_SYS_TAB_SET: return up && iop_state != INIC_IOP_STATE_OPERATIONAL;
    case INIC_EXEC_SYS_ENABLE: case INIC_EXEC_SYS_QUIESCE: return ready;
    default: return up;
  }
}

static void executive(const uint32_t *request) {
  uint32_t function = request[1] >> 24;
  switch (function) {
    case INIC_EXEC_STATUS_GET: write_status_block(request); return;
    case INIC_EXEC_IOP_RESET: iop_reset(request); return;
    case INIC_EXEC_OUTBOUND_INIT: outbound_init(request); return;
    case INIC_EXEC_LCT_NOTIFY: lct_notify(request); return;
    case INIC_EXEC_HRT_GET: hrt_get(request); return;
    case INIC_EXEC_SYS_TAB_SET: sys_tab_set(request); return;
    case INIC_EXEC_SYS_ENABLE:
    case INIC_EXEC_SYS_QUIESCE:
      if (function == INIC_EXEC_SYS_QUIESCE) give_back_all();
      iop_state = function == INIC_EXEC_SYS_ENABLE ? INIC_IOP_STATE_OPERATIONAL : INIC_IOP_STATE_READY;
      status(request, 5, INIC_REQUEST_STATUS_SUCCESS, 0);
      return;
    default: refuse(request, INIC_DETAILED_STATUS_UNKNOWN_FUNCTION);
  }
}

/* ---- Utility messages. ---- */

static void utility(const uint32_t *request) {
  uint32_t target = request[1] & 0xfff, type;
  switch (request[1] >> 24) {
    case INIC_UTIL_NOP: return;
    case INIC_UTIL_EVENT_REGISTER:
      /* A new mask replaces the old one; 0 ends the registration, and is answered. */
      memcpy(events[target != 0].words, request, FRAME_WORDS * 4);
      events[target != 0].open = request[4] != 0;
      if (request[4] == 0) answer(request, REPLY_LAST, 6);
      return;
    case INIC_UTIL_CLAIM:
      if (target == INIC_TID_IOP) return refuse(request, INIC_DETAILED_STATUS_UNSUPPORTED_FUNCTION);
      type = INIC_GET(request, INIC_UTIL_CLAIM_CLAIM_TYPE);
      if (claimed) return refuse(request, INIC_DETAILED_STATUS_DEVICE_BUSY);
      if (type != INIC_CLAIM_TYPE_PRIMARY) return refuse(request, INIC_DETAILED_STATUS_INVALID_REQUEST);
      claimed = 1;
      status(request, 5, INIC_REQUEST_STATUS_SUCCESS, 0);
      lct_changed();
      return;
    case INIC_UTIL_CLAIM_RELEASE:
      if (target == INIC_TID_IOP) return refuse(request, INIC_DETAILED_STATUS_UNSUPPORTED_FUNCTION);
      type = INIC_GET(request, INIC_UTIL_CLAIM_RELEASE_CLAIM_TYPE);
      if (!claimed || type != INIC_CLAIM_TYPE_PRIMARY)
        return refuse(request, INIC_DETAILED_STATUS_INVALID_REQUEST);
      claimed = 0;
      status(request, 5, INIC_REQUEST_STATUS_SUCCESS, 0);
      lct_changed();
      return;
    default: refuse(request, INIC_DETAILED_STATUS_UNKNOWN_FUNCTION);
  }
}

/* ---- Streams: both ends are on this card. ---- */

static int own_address(uint32_t address) { return address >> 24 == 127 || address == SETTING(IPV4_ADDRESS); }

static void give_context(uint32_t initiator, uint32_t context) {
  uint32_t request[4] = {0, INIC_TID_FIRST_DEVICE | INIC_TID_HOST << 12 | (uint32_t)INIC_SOCKET_SEND << 24, initiator, 0};
  uint32_t *reply = answer(request, REPLY_LAST | INIC_MESSAGE_FLAG_MULTIPLE, 6);
  reply[0] |= TRL_WORD << 4;
  reply[3] = 1 | (uint32_t)INIC_TRL_FLAG_MULTIPLE << 24;
  reply[5] = context;
  context_used[context] = 0;
}

static void drop_chunks(struct conn *conn) {
  while (conn->first >= 0) {
    struct chunk *chunk = &chunks[conn->first];
    int next = chunk->next;
    give_context(chunk->initiator, chunk->context);
    chunk->next = chunk_free;
    chunk_free = conn->first;
    conn->first = next;
  }
}

/* A record without a bucket, or with one. */
static void record(uint32_t context, int socket, uint32_t flags, uint32_t length, uint32_t error, uint32_t initiator) {
  uint32_t request[4] = {0, INIC_TID_FIRST_DEVICE | INIC_TID_HOST << 12 | (uint32_t)INIC_SOCKET_RECEIVE_POST << 24,
                         initiator, 0};
  uint32_t *reply = answer(request, REPLY_LAST | INIC_MESSAGE_FLAG_MULTIPLE, 10), *row = reply + 6;
  reply[0] |= TRL_WORD << 4;
  reply[3] = 1 | 3 << 8 | (uint32_t)INIC_TRL_FLAG_MULTIPLE << 24;
  reply[5] = bucket_tail - bucket_head;
  row[0] = context;
  INIC_SET(row, INIC_RECEIVE_RECORD_SOCKET_ID, (uint32_t)socket);
  INIC_SET(row, INIC_RECEIVE_RECORD_FLAGS, flags);
  INIC_SET(row, INIC_RECEIVE_RECORD_LENGTH, length);
  INIC_SET(row, INIC_RECEIVE_RECORD_STATUS, error);
}

/* The other end has reset the connection, or is gone for good. */
static void reset_conn(struct conn *conn, int error) {
  if (!conn->used || conn->error != 0) return;
  conn->error = error;
  drop_chunks(conn);
}

static int new_conn(void) {
  for (int i = 0; i < CONNS; i++)
    if (!conns[i].used) {
      memset(&conns[i], 0, sizeof conns[i]);
      conns[i].used = 1;
      conns[i].first = conns[i].last = conns[i].socket = conns[i].peer = -1;
      conns[i].window = SETTING(RECEIVE_WINDOW_BYTES);
      return i;
    }
  return -1;
}

/* An end whose socket is given up stays until its bytes and its FIN are told. */
static void forget_conns(void) {
  for (int i = 0; i < CONNS; i++) {
    struct conn *conn = &conns[i];
    if (!conn->used || conn->socket != -1 || conn->first >= 0) continue;
    if (conn->peer >= 0 && conns[conn->peer].error == 0 && !conn->fin_told) continue;
    if (conn->peer >= 0) {
      if (conns[conn->peer].first >= 0) reset_conn(&conns[conn->peer], INIC_ECONNRESET);
      conns[conn->peer].peer = -1;
    }
    conn->used = 0;
  }
}

static void tell_accept(struct sock *listener, int id) {
  while (listener->waiting_count > 0 && listener->post_count > 0) {
    struct conn *conn = &conns[listener->waiting[0]];
    int socket = listener->posts[0];
    uint32_t *reply = status(socks[socket].request, INIC_SOCKET_ACCEPT_POST_REPLY_WORDS, INIC_REQUEST_STATUS_SUCCESS, 0);
    socks[socket].state = CONNECTED;
    socks[socket].conn = listener->waiting[0];
    conn->socket = socket;
    memmove(listener->waiting, listener->waiting + 1, sizeof(int) * (size_t)--listener->waiting_count);
    memmove(listener->posts, listener->posts + 1, sizeof(int) * (size_t)--listener->post_count);
    reply[3] = (uint32_t)socket; /* each number is a transaction of its own */
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_LISTENER_ID, (uint32_t)id);
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_ACCEPTED_ID, (uint32_t)socket);
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_REMOTE_ADDRESS, conn->remote);
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_REMOTE_PORT, conn->remote_port);
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_LOCAL_PORT, conn->local_port);
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_LOCAL_ADDRESS, conn->local);
  }
}

static int port_taken(uint32_t port) {
  for (int i = 0; i < SOCKETS; i++)
    if (socks[i].state >= OPEN && socks[i].port == port) return 1;
  return 0;
}

static uint32_t free_port(void) {
  while (port_taken(++next_port & 0xffff)) {}
  return next_port & 0xffff;
}

static void do_connect(const uint32_t *request, struct sock *sock, int id) {
  uint32_t address = INIC_GET(request, INIC_SOCKET_CONNECT_ADDRESS), *reply;
  uint32_t port = INIC_GET(request, INIC_SOCKET_CONNECT_PORT);
  int near, far, at = -1;
  if (sock->state == CONNECTING) return (void)outcome(request, 5, INIC_EALREADY);
  if (sock->state == CONNECTED || sock->state == LISTENING) return (void)outcome(request, 5, INIC_EISCONN);
  if (address == 0) address = LOOPBACK;
  if (address == 0xffffffff || address >> 28 == 14) return (void)outcome(request, 5, INIC_ENETUNREACH);
  if (sock->port == 0) sock->port = free_port();
  memcpy(sock->request, request, sizeof sock->request);
  sock->state = CONNECTING;
  /* Nobody but ourselves is on the network: an answer from elsewhere never comes. */
  if (!own_address(address)) return;
  for (int i = 0; i < SOCKETS; i++)
    if (socks[i].state == LISTENING && socks[i].port == port && (socks[i].address == 0 || socks[i].address == address))
      at = i;
  if (at >= 0 && socks[at].waiting_count > socks[at].backlog) return;
  if (at < 0) {
    sock->state = FAILED;
    sock->failure = INIC_ECONNREFUSED;
    return (void)outcome(request, 5, INIC_ECONNREFUSED);
  }
  near = new_conn(), far = new_conn();
  if (near < 0 || far < 0) die("no room for a connection");
  sock->state = CONNECTED;
  sock->conn = near;
  conns[near].socket = id;
  conns[near].peer = far;
  conns[far].peer = near;
  conns[far].socket = -2; /* not accepted yet */
  conns[near].local = conns[far].remote = sock->address != 0 ? sock->address : address;
  conns[near].remote = conns[far].local = address;
  conns[near].local_port = conns[far].remote_port = sock->port;
  conns[near].remote_port = conns[far].local_port = port;
  reply = outcome(request, INIC_SOCKET_CONNECT_REPLY_WORDS, 0);
  if (reply != NULL) {
    INIC_SET(reply, INIC_SOCKET_CONNECT_REPLY_SOCKET_ID, (uint32_t)id);
    INIC_SET(reply, INIC_SOCKET_CONNECT_REPLY_LOCAL_PORT, sock->port);
    INIC_SET(reply, INIC_SOCKET_CONNECT_REPLY_LOCAL_ADDRESS, conns[near].local);
  }
  socks[at].waiting[socks[at].waiting_count++] = far;
  tell_accept(&socks[at], at);
}

/* The number is the host's again; what is left of the connection goes on by itself. */
static void give_up(struct sock *sock, int abort) {
  struct conn *conn = sock->conn >= 0 ? &conns[sock->conn] : NULL;
  if (sock->state == CONNECTING) outcome(sock->request, 5, INIC_ECONNABORTED);
  for (int i = 0; i < sock->waiting_count; i++) {
    reset_conn(&conns[conns[sock->waiting[i]].peer], INIC_ECONNRESET);
    conns[sock->waiting[i]].socket = -1;
    conns[sock->waiting[i]].fin_told = 1;
  }
  for (int i = 0; i < sock->post_count; i++) {
    uint32_t *reply = status(socks[sock->posts[i]].request, INIC_SOCKET_ACCEPT_POST_REPLY_WORDS,
                             INIC_REQUEST_STATUS_ERROR_NO_DATA, INIC_ECONNABORTED);
    reply[3] = (uint32_t)sock->posts[i];
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_LISTENER_ID, (uint32_t)(sock - socks));
    INIC_SET(reply, INIC_SOCKET_ACCEPT_POST_REPLY_ACCEPTED_ID, (uint32_t)sock->posts[i]);
    socks[sock->posts[i]].state = FREE;
  }
  sock->waiting_count = sock->post_count = 0;
  if (conn != NULL) {
    conn->socket = -1;
    conn->fin = 1;
    if (abort && conn->peer >= 0) reset_conn(&conns[conn->peer], INIC_ECONNRESET);
    if (abort) drop_chunks(conn), conn->fin_told = 1;
  }
  sock->conn = -1;
}

/* Why a socket that is there can send nothing; 0 where it can. */
static int send_error(const struct sock *sock) {
  const struct conn *conn = sock->conn >= 0 ? &conns[sock->conn] : NULL;
  if (sock->state == FAILED) return (int)sock->failure;
  if (sock->state == CONNECTING) return 0;
  if (sock->state != CONNECTED || conn->fin) return INIC_EPIPE;
  return conn->error;
}

static void do_send(const uint32_t *request, struct sock *sock) {
  uint32_t size = request[0] >> 16, detail = 0, bad = 0, mode = request[4] >> 30;
  int error = sock == NULL ? INIC_EBADF : send_error(sock);
  for (uint32_t at = INIC_SOCKET_SEND_SGL_WORD, last = 0; !last && detail == 0;) {
    struct element e;
    uint32_t next = at < size ? element_at(request, at, size, &e) : 0, kind, buffers = SETTING(TRANSMIT_BUFFERS), start;
    bad = at * 4;
    if (next == 0) { detail = INIC_DETAILED_STATUS_INVALID_OFFSET; break; }
    kind = e.flags & 0x7f, last = e.flags & INIC_SGL_LAST, at = next;
    start = SETTING(TRANSMIT_OFFSET) + e.context * SETTING(TRANSMIT_BUFFER_BYTES);
    if (kind != INIC_SGL_TRANSMIT && kind != INIC_SGL_IMMEDIATE) detail = INIC_DETAILED_STATUS_INVALID_OFFSET;
    else if (e.count == 0 || e.context >= buffers + SETTING(IMMEDIATE_SLOTS) || context_used[e.context] ||
             (kind == INIC_SGL_IMMEDIATE) != (e.context >= buffers) ||
             (kind == INIC_SGL_TRANSMIT && (e.address < start || e.count > SETTING(TRANSMIT_BUFFER_BYTES) ||
                                            e.address - start > SETTING(TRANSMIT_BUFFER_BYTES) - e.count)) ||
             (kind == INIC_SGL_IMMEDIATE && e.count > SENDABLE))
      detail = INIC_DETAILED_STATUS_INVALID_PARAMETER;
    if (detail != 0) break;
    context_used[e.context] = 1;
    if (error != 0 || sock->state == CONNECTING || chunk_free < 0) {
      /* Bytes of a connect that is under way are not kept here. */
      if (error == 0) error = INIC_ENOBUFS;
      give_context(request[2], e.context);
      continue;
    }
    struct conn *conn = &conns[sock->conn];
    int index = chunk_free;
    struct chunk *chunk = &chunks[index];
    chunk_free = chunk->next;
    *chunk = (struct chunk){.next = -1, .context = e.context, .initiator = request[2], .address = e.address,
                            .length = e.count};
    if (kind == INIC_SGL_IMMEDIATE) chunk->address = 0, memcpy(chunk->bytes, request + e.at + 2, e.count);
    if (conn->first < 0) conn->first = index;
    else chunks[conn->last].next = index;
    conn->last = index;
  }
  if (detail != 0) malformed(request, detail, bad);
  else if (error != 0 && mode != INIC_REPLY_MODE_NEVER) refuse(request, (uint32_t)error);
}

static void receive_post(const uint32_t *request) {
  uint32_t size = request[0] >> 16, wanted = request[3], count = 0, at = INIC_SOCKET_RECEIVE_POST_SGL_WORD, detail = 0;
  struct element list[16], e;
  for (uint32_t last = 0; !last;) {
    uint32_t next = at < size && count < 16 ? element_at(request, at, size, &e) : 0;
    if (next == 0) return malformed(request, INIC_DETAILED_STATUS_INVALID_OFFSET, at * 4);
    if ((e.flags & 0x7f) != INIC_SGL_BUCKET) return malformed(request, INIC_DETAILED_STATUS_INVALID_OFFSET, at * 4);
    last = e.flags & INIC_SGL_LAST, list[count++] = e, at = next;
  }
  if (count != wanted) return malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, 12);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t bytes = SETTING(RECEIVE_BUCKET_BYTES), start = SETTING(RECEIVE_OFFSET) + list[i].context * bytes;
    if (list[i].count == 0 || list[i].context >= SETTING(RECEIVE_BUCKETS) || list[i].address < start ||
        list[i].count > bytes || list[i].address - start > bytes - list[i].count) {
      detail = list[i].at * 4;
      continue;
    }
    if (bucket_used[list[i].context]) {
      uint32_t copy[4] = {request[0], request[1], request[2], 0};
      refuse(copy, INIC_EINVAL);
      continue;
    }
    bucket_used[list[i].context] = 1;
    record_initiator = request[2];
    buckets[bucket_tail++ % BUCKETS] =
        (struct bucket){list[i].context, list[i].address, list[i].count, request[2]};
  }
  if (detail != 0) malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, detail);
}

static void credit(const uint32_t *request) {
  for (uint32_t i = 0; i < INIC_GET(request, INIC_SOCKET_RECEIVE_CREDIT_COUNT); i++) {
    const uint32_t *pair = request + INIC_SOCKET_RECEIVE_CREDIT_LIST_WORD + i * 2;
    uint32_t id = pair[0] & 0xffff;
    int32_t growth = (int16_t)(pair[0] >> 16) * 256;
    if (id >= SETTING(SOCKETS) || socks[id].conn < 0) continue;
    conns[socks[id].conn].window += pair[1] + (uint32_t)growth;
  }
}

/* Moves what can be moved from one end to the other: a bucket's worth a record. */
static void move(struct conn *from, struct conn *to) {
  while (from->first >= 0 && to->socket >= 0 && to->window > 0 && bucket_head != bucket_tail) {
    struct bucket bucket = buckets[bucket_head++ % BUCKETS];
    uint32_t filled = 0;
    while (from->first >= 0 && filled < bucket.length && filled < to->window) {
      struct chunk *chunk = &chunks[from->first];
      uint32_t length = chunk->length - chunk->sent, room = bucket.length - filled;
      int index = from->first;
      if (length > room) length = room;
      if (length > to->window - filled) length = to->window - filled;
      memory_write(bucket.address + filled,
                   chunk->address == 0 ? chunk->bytes + chunk->sent : memory_read(chunk->address + chunk->sent, length),
                   length);
      filled += length;
      chunk->sent += length;
      if (chunk->sent < chunk->length) continue;
      give_context(chunk->initiator, chunk->context);
      from->first = chunk->next;
      chunk->next = chunk_free;
      chunk_free = index;
    }
    to->window -= filled;
    bucket_used[bucket.context] = 0;
    record(bucket.context, to->socket, INIC_RECEIVE_FLAG_LAST_IN_BUCKET, filled, 0, bucket.initiator);
  }
}

static void move_all(void) {
  for (int i = 0; i < CONNS; i++) {
    struct conn *from = &conns[i], *to = from->used && from->peer >= 0 ? &conns[from->peer] : NULL;
    if (!from->used) continue;
    if (from->error != 0) {
      if (from->socket >= 0 && !from->told)
        record(0xffffffff, from->socket, INIC_RECEIVE_FLAG_ERROR, 0, (uint32_t)from->error, record_initiator);
      from->told = 1;
    }
    if (to == NULL) continue;
    /* Bytes for an end that nobody reads any more come back as a reset. */
    if (to->socket == -1 && from->first >= 0) reset_conn(from, INIC_ECONNRESET);
    if (to->error == 0) move(from, to);
    if (from->fin && !from->fin_told && from->first < 0 && to->socket != -2) {
      if (to->socket >= 0 && to->error == 0)
        record(0xffffffff, to->socket, INIC_RECEIVE_FLAG_END_OF_STREAM, 0, 0, record_initiator);
      from->fin_told = 1;
    }
  }
  forget_conns();
}

/* The devices stop: every buffer's context comes back, buckets and numbers are withdrawn without a word. */
static void give_back_all(void) {
  for (int i = 0; i < CONNS; i++)
    if (conns[i].used) drop_chunks(&conns[i]);
  for (int i = 0; i < SOCKETS; i++)
    if (socks[i].closing) status(socks[i].close_request, 6, INIC_REQUEST_STATUS_SUCCESS, 0)[5] = (uint32_t)i;
  devices_on();
}

static void names(const struct sock *sock, uint32_t *local, uint32_t *local_port, uint32_t *remote, uint32_t *remote_port) {
  const struct conn *conn = sock->conn >= 0 ? &conns[sock->conn] : NULL;
  *local = conn ? conn->local : sock->address, *local_port = conn ? conn->local_port : sock->port;
  *remote = conn ? conn->remote : 0, *remote_port = conn ? conn->remote_port : 0;
}

static uint32_t tcp_state(const struct sock *sock) {
  const struct conn *conn = sock->conn >= 0 ? &conns[sock->conn] : NULL;
  int ended = conn != NULL && (conn->peer < 0 || conns[conn->peer].fin_told);
  if (sock->state == LISTENING) return INIC_TCP_STATE_LISTEN;
  if (sock->state == CONNECTING) return INIC_TCP_STATE_SYN_SENT;
  if (sock->state != CONNECTED || conn->error != 0) return INIC_TCP_STATE_CLOSED;
  if (conn->fin) return ended ? INIC_TCP_STATE_TIME_WAIT : INIC_TCP_STATE_FIN_WAIT2;
  return ended ? INIC_TCP_STATE_CLOSE_WAIT : INIC_TCP_STATE_ESTABLISHED;
}

static int do_bind(const uint32_t *request, struct sock *sock) {
  uint32_t address = INIC_GET(request, INIC_SOCKET_BIND_ADDRESS), port = INIC_GET(request, INIC_SOCKET_BIND_PORT);
  if (sock->state != OPEN) return INIC_EINVAL;
  if (address != 0 && !own_address(address)) return INIC_EADDRNOTAVAIL;
  if (port != 0 && port_taken(port)) return INIC_EADDRINUSE;
  sock->address = address;
  sock->port = port != 0 ? port : free_port();
  sock->state = BOUND;
  return 0;
}

static int do_listen(const uint32_t *request, struct sock *sock) {
  if (sock->state == CONNECTING || sock->state == CONNECTED || sock->state == FAILED) return INIC_EINVAL;
  if (sock->port == 0) sock->port = free_port();
  sock->backlog = (int)INIC_GET(request, INIC_SOCKET_LISTEN_BACKLOG);
  if (sock->backlog > 32) sock->backlog = 32;
  sock->state = LISTENING;
  return 0;
}

static void accept_post(const uint32_t *request, struct sock *sock, int id) {
  uint32_t count = INIC_GET(request, INIC_SOCKET_ACCEPT_POST_COUNT);
  if (sock == NULL) return refuse(request, INIC_EBADF);
  if (sock->state != LISTENING) return refuse(request, INIC_EINVAL);
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = request[INIC_SOCKET_ACCEPT_POST_LIST_WORD + i] & 0xffff;
    if (number >= SETTING(SOCKETS) || socks[number].state != FREE || sock->post_count + count > 64)
      return refuse(request, INIC_EINVAL);
  }
  for (uint32_t i = 0; i < count; i++) {
    uint32_t number = request[INIC_SOCKET_ACCEPT_POST_LIST_WORD + i] & 0xffff;
    memset(&socks[number], 0, sizeof socks[number]);
    socks[number].state = POSTED;
    memcpy(socks[number].request, request, sizeof socks[number].request);
    socks[number].conn = -1;
    sock->posts[sock->post_count++] = (int)number;
  }
  tell_accept(sock, id);
}

static int do_shutdown(const uint32_t *request, struct sock *sock) {
  uint32_t how = INIC_GET(request, INIC_SOCKET_SHUTDOWN_HOW);
  if (sock->state == CONNECTING) {
    outcome(sock->request, 5, INIC_ECONNRESET);
    sock->state = FAILED;
    sock->failure = INIC_EPIPE;
    return 0;
  }
  if (sock->state == LISTENING) return 0;
  if (sock->state != CONNECTED) return INIC_ENOTCONN;
  if (how != INIC_SHUTDOWN_HOW_READ) conns[sock->conn].fin = 1;
  return 0;
}

static void create(const uint32_t *request, uint32_t id) {
  if (id >= SETTING(SOCKETS)) return (void)outcome(request, 5, INIC_EBADF);
  if (socks[id].state != FREE) return (void)outcome(request, 5, INIC_EINVAL);
  if (INIC_GET(request, INIC_SOCKET_CREATE_SOCKET_TYPE) != INIC_SOCKET_TYPE_STREAM)
    return (void)outcome(request, 5, INIC_EPROTONOSUPPORT);
  memset(&socks[id], 0, sizeof socks[id]);
  socks[id].state = OPEN;
  socks[id].conn = -1;
  outcome(request, 5, 0);
}

/* What asks for something of a socket, and is answered at once. */
static void ask(const uint32_t *request, struct sock *sock) {
  uint32_t local, local_port, remote, remote_port, *reply;
  uint32_t mode_less[FRAME_WORDS], peer = INIC_GET(request, INIC_SOCKET_NAME_GET_WHICH) == INIC_NAME_OF_PEER;
  memcpy(mode_less, request, sizeof mode_less);
  mode_less[4] &= 0xffff;
  names(sock, &local, &local_port, &remote, &remote_port);
  switch (request[1] >> 24) {
    case INIC_SOCKET_STATUS_GET:
      reply = outcome(mode_less, INIC_SOCKET_STATUS_GET_REPLY_WORDS, 0);
      INIC_SET(reply, INIC_SOCKET_STATUS_GET_REPLY_STATE, tcp_state(sock));
      INIC_SET(reply, INIC_SOCKET_STATUS_GET_REPLY_LOCAL_ADDRESS, local);
      INIC_SET(reply, INIC_SOCKET_STATUS_GET_REPLY_REMOTE_ADDRESS, remote);
      INIC_SET(reply, INIC_SOCKET_STATUS_GET_REPLY_LOCAL_PORT, local_port);
      INIC_SET(reply, INIC_SOCKET_STATUS_GET_REPLY_REMOTE_PORT, remote_port);
      return;
    case INIC_SOCKET_NAME_GET:
      if (peer && sock->conn < 0) return refuse(request, INIC_ENOTCONN);
      reply = outcome(mode_less, INIC_SOCKET_NAME_GET_REPLY_WORDS, 0);
      INIC_SET(reply, INIC_SOCKET_NAME_GET_REPLY_ADDRESS, peer ? remote : local);
      INIC_SET(reply, INIC_SOCKET_NAME_GET_REPLY_PORT, peer ? remote_port : local_port);
      return;
    case INIC_SOCKET_OPTION_GET:
      if (request[5] >= OPTIONS / 8) return refuse(request, INIC_ENOPROTOOPT);
      reply = outcome(mode_less, INIC_SOCKET_OPTION_GET_REPLY_WORDS, 0);
      INIC_SET(reply, INIC_SOCKET_OPTION_GET_REPLY_VALUE, sock->option[request[5]]);
      return;
  }
}

static void socket_message(const uint32_t *request) {
  uint32_t *reply;
  uint32_t function = request[1] >> 24, id = request[4] & 0xffff;
  struct sock *sock = id < SETTING(SOCKETS) && socks[id].state > POSTED && !socks[id].closing ? &socks[id] : NULL;
  int error = sock == NULL ? INIC_EBADF : 0;
  switch (function) {
    case INIC_SOCKET_CREATE: create(request, id); return;
    case INIC_SOCKET_SEND: do_send(request, sock); return;
    case INIC_SOCKET_RECEIVE_POST: receive_post(request); return;
    case INIC_SOCKET_RECEIVE_CREDIT: credit(request); return;
    case INIC_SOCKET_ACCEPT_POST: accept_post(request, sock, (int)id); return;
    case INIC_SOCKET_BIND:
      if (!error) error = do_bind(request, sock);
      reply = outcome(request, INIC_SOCKET_BIND_REPLY_WORDS, error);
      if (reply == NULL || error) return;
      INIC_SET(reply, INIC_SOCKET_BIND_REPLY_LOCAL_PORT, sock->port);
      INIC_SET(reply, INIC_SOCKET_BIND_REPLY_LOCAL_ADDRESS, sock->address);
      return;
    case INIC_SOCKET_LISTEN: outcome(request, 5, error ? error : do_listen(request, sock)); return;
    case INIC_SOCKET_SHUTDOWN: outcome(request, 5, error ? error : do_shutdown(request, sock)); return;
    case INIC_SOCKET_OPTION_SET:
      if (!error && (request[5] & 0xffff) >= OPTIONS / 8) error = INIC_ENOPROTOOPT;
      if (!error) sock->option[request[5] & 0xffff] = request[6];
      outcome(request, 5, error);
      return;
    case INIC_SOCKET_CONNECT:
      if (error) outcome(request, 5, error);
      else do_connect(request, sock, (int)id);
      return;
    case INIC_SOCKET_CLOSE:
    case INIC_SOCKET_ABORT:
      if (error) return refuse(request, INIC_EBADF);
      give_up(sock, function == INIC_SOCKET_ABORT);
      sock->closing = 1; /* answered at the end of the turn */
      memcpy(sock->close_request, request, sizeof sock->close_request);
      return;
    case INIC_SOCKET_STATUS_GET:
    case INIC_SOCKET_NAME_GET:
    case INIC_SOCKET_OPTION_GET:
      if (error) refuse(request, INIC_EBADF);
      else ask(request, sock);
      return;
    default: refuse(request, INIC_DETAILED_STATUS_UNKNOWN_FUNCTION);
  }
}

/* ---- Every request is checked once, here. ---- */

static const struct inic_request *known(uint32_t class_id, uint32_t function) {
  for (size_t i = 0; i < INIC_REQUEST_COUNT; i++)
    if (inic_requests[i].class_id == class_id && inic_requests[i].function == function) return &inic_requests[i];
  return NULL;
}

static uint32_t request_error(const struct inic_request *rule, const uint32_t *request, uint32_t *byte) {
  uint32_t size = request[0] >> 16;
  *byte = 2;
  if (size < rule->words) return INIC_DETAILED_STATUS_MESSAGE_TOO_SMALL;
  *byte = 0;
  if ((request[0] >> 4 & 15) != rule->sgl_word) return INIC_DETAILED_STATUS_INVALID_OFFSET;
  for (int i = 0; i < rule->range_count; i++) {
    const struct inic_range *range = &rule->ranges[i];
    uint32_t value = inic_get(request, range->word, range->low, range->high);
    *byte = range->word * 4u + range->low / 8u;
    if (value < range->min || value > range->max) return INIC_DETAILED_STATUS_INVALID_PARAMETER;
    if (range->power_of_two && (value & (value - 1)) != 0) return INIC_DETAILED_STATUS_INVALID_PARAMETER;
    for (int at = 0; at < range->set_count && range->set[at] != value; at++)
      if (at == range->set_count - 1) return INIC_DETAILED_STATUS_INVALID_PARAMETER;
  }
  if (rule->list_word != 0 && size < rule->list_word + (request[rule->count_word] & 0xff) * rule->list_stride)
    return *byte = 2, INIC_DETAILED_STATUS_MESSAGE_TOO_SMALL;
  return 0;
}

/* Returns whether the frame was kept for the host. */
static int header_failure(const struct frame *frame) {
  const uint32_t *words = frame->words, size = words[0] >> 16, offset = words[0] >> 4 & 15, flags = words[0] >> 8 & 0xff;
  uint32_t target = words[1] & 0xfff, function = words[1] >> 24, bad = INIC_SEVERITY_FORMAT_ERROR;
  if ((words[0] & 7) != 1) return undelivered(frame, INIC_FAILURE_CODE_INVALID_VERSION, bad);
  if (flags != 0 && (flags != INIC_MESSAGE_FLAG_MULTIPLE || target != INIC_TID_FIRST_DEVICE || function < 0x20))
    return undelivered(frame, INIC_FAILURE_CODE_INVALID_MESSAGE_FLAGS, bad);
  if (size < 3 || (size == 3 && function != INIC_UTIL_NOP))
    return undelivered(frame, INIC_FAILURE_CODE_FRAME_TOO_SMALL, bad);
  if (size > FRAME_WORDS) return undelivered(frame, INIC_FAILURE_CODE_FRAME_TOO_LARGE, bad);
  if (offset != 0 && (offset < 3 || offset >= size)) return undelivered(frame, INIC_FAILURE_CODE_INVALID_OFFSET, bad);
  if ((words[1] >> 12 & 0xfff) != INIC_TID_HOST) return undelivered(frame, INIC_FAILURE_CODE_INVALID_INITIATOR_ID, bad);
  if (target != INIC_TID_IOP && target != INIC_TID_FIRST_DEVICE)
    return undelivered(frame, INIC_FAILURE_CODE_INVALID_TARGET_ID, bad);
  return 0;
}

static int serve(const struct frame *frame) {
  const uint32_t *request = frame->words;
  uint32_t function = request[1] >> 24, device = (request[1] & 0xfff) == INIC_TID_FIRST_DEVICE, byte = 0, error;
  uint32_t class_id = function < 0x20 ? INIC_UTILITY_CLASS_ID : device ? INIC_SOCKET_CLASS_ID : INIC_EXECUTIVE_CLASS_ID;
  const struct inic_request *rule = known(class_id, function);
  if (iop_state == INIC_IOP_STATE_RESET && function != INIC_EXEC_STATUS_GET && function != INIC_EXEC_IOP_RESET &&
      function != INIC_EXEC_OUTBOUND_INIT)
    return 0; /* nobody could be told */
  if (header_failure(frame)) return 1;
  if (function >= 0x20 && device && iop_state != INIC_IOP_STATE_OPERATIONAL)
    return undelivered(frame, INIC_FAILURE_CODE_STATE_ERROR, INIC_SEVERITY_PATH_STATE);
  /* The header lets only messages of the device have it; this card has no batches. */
  if ((request[0] >> 8 & INIC_MESSAGE_FLAG_MULTIPLE) != 0)
    return malformed(request, INIC_DETAILED_STATUS_INVALID_MESSAGE_FLAGS, FLAGS_BYTE), 0;
  if (rule == NULL) return refuse(request, INIC_DETAILED_STATUS_UNKNOWN_FUNCTION), 0;
  if (class_id == INIC_EXECUTIVE_CLASS_ID && !legal_now(function)) {
    if (function != INIC_EXEC_OUTBOUND_INIT) refuse(request, INIC_DETAILED_STATUS_INAPPROPRIATE_FUNCTION);
    return 0;
  }
  error = request_error(rule, request, &byte);
  if (error != 0 && function == INIC_UTIL_EVENT_REGISTER)
    return undelivered(frame,
                       error == INIC_DETAILED_STATUS_MESSAGE_TOO_SMALL ? INIC_FAILURE_CODE_FRAME_TOO_SMALL
                                                                       : INIC_FAILURE_CODE_INVALID_OFFSET,
                       INIC_SEVERITY_FORMAT_ERROR);
  if (error == INIC_DETAILED_STATUS_INVALID_PARAMETER && rule->function == INIC_EXEC_OUTBOUND_INIT && !device)
    outbound_failed(request);
  if (error != 0 && iop_state != INIC_IOP_STATE_RESET) malformed(request, error, byte);
  if (error != 0) return 0;
  if (function < 0x20) utility(request);
  else if (device) socket_message(request);
  else executive(request);
  return 0;
}

/* ---- The loop: what has come is kept until a turn, and then all of it is done. ---- */

static void work(void) {
  uint32_t released[FRAMES], count = 0;
  unsigned resets = 0;
  if (region != NULL) take_requests();
  for (unsigned i = 0; i < posted_count; i++) {
    uint32_t function = posted[i].words[1] >> 24;
    int kept = serve(&posted[i]);
    if (function == INIC_EXEC_IOP_RESET && iop_state == INIC_IOP_STATE_RESET && posted_count == 0) resets = 1;
    if (resets) count = 0;
    else if (!kept) released[count++] = posted[i].number;
  }
  posted_count = 0;
  move_all();
  for (uint32_t i = 0; i < SOCKETS; i++)
    if (socks[i].closing) {
      status(socks[i].close_request, 6, INIC_REQUEST_STATUS_SUCCESS, 0)[5] = i;
      memset(&socks[i], 0, sizeof socks[i]);
    }
  if (region != NULL) {
    put_answers();
    publish(requests, INIC_RING_HEAD, INIC_RING_HEAD_EVENT, taken);
    return;
  }
  send_replies();
  if (count > 0) send_message(INIC_PIPE_RELEASE, NULL, 0, released, count * 4);
}

static void turn(void) {
  uint32_t never[2] = {0xffffffff, 0xffffffff};
  do work();
  while (region != NULL && more_has_come());
  if (announce) send_message(INIC_PIPE_INTERRUPT, NULL, 0, NULL, 0);
  announce = 0;
  send_message(INIC_PIPE_REST, never, 2, NULL, 0);
  flush();
}

static void take_frame(void) {
  if (arrived_count + posted_count >= FRAMES) die("more frames came than there are");
  struct frame *frame = &arrived[arrived_count++];
  frame->number = in[INIC_PIPE_FRAME_NUMBER];
  frame->address = in[INIC_PIPE_FRAME_ADDRESS];
  memcpy(frame->words, in + INIC_PIPE_FRAME_FIELDS, sizeof frame->words);
}

int main(void) {
  uint32_t ready[2] = {INIC_PIPE_VERSION, 0};
  size_t claims;
  for (;;) {
    receive_message();
    switch (in_head[0]) {
      case INIC_PIPE_HELLO:
        if (in[INIC_PIPE_HELLO_ROLE] != INIC_PIPE_ROLE_CARD) die("this is a card");
        ready[1] = in[INIC_PIPE_HELLO_FEATURES] & INIC_PIPE_FEATURE_SHARED_MEMORY;
        /* In a ring no frame is preserved, which is the last claim. */
        claims = ready[1] == 0 ? sizeof CLAIMS - 1 : sizeof CLAIMS - 1 - sizeof "preserve";
        memset(in, ' ', sizeof in);
        memcpy(in, CLAIMS, claims);
        send_message(INIC_PIPE_READY, ready, 2, in, (claims + 3) & ~(size_t)3);
        flush();
        break;
      case INIC_PIPE_BEGIN:
        memcpy(begin, in, sizeof begin);
        if (SETTING(INBOUND_FRAMES) > FRAMES || SETTING(SOCKETS) > SOCKETS || SETTING(RECEIVE_BUCKETS) > BUCKETS)
          die("this card is too small for these settings");
        power_on();
        devices_on();
        break;
      case INIC_PIPE_MEMORY: map_region(SETTING(REGION_BYTES)); break;
      case INIC_PIPE_FRAME: take_frame(); break;
      case INIC_PIPE_DOORBELL:
        memcpy(posted + posted_count, arrived, arrived_count * sizeof arrived[0]);
        posted_count += arrived_count;
        arrived_count = 0;
        break;
      case INIC_PIPE_RELEASE:
        if (free_count + in_head[2] / 4 > FRAMES) die("more frames were lent than there are");
        for (uint32_t i = 0; i < in_head[2] / 4; i++) free_frames[free_count++] = in[i];
        break;
      case INIC_PIPE_TURN: turn(); break;
      case INIC_PIPE_END: return 0;
    }
  }
}
