/* A field is three numbers: word, lowest bit, highest bit. */
static inline uint32_t inic_get(const uint32_t *words, unsigned word, unsigned low, unsigned high) {
  return (words[word] >> low) & (uint32_t)((1ull << (high - low + 1)) - 1);
}
static inline void inic_set(uint32_t *words, unsigned word, unsigned low, unsigned high, uint32_t value) {
  uint32_t mask = (uint32_t)((1ull << (high - low + 1)) - 1) << low;
  words[word] = (words[word] & ~mask) | ((value << low) & mask);
}
/* They pass a field on as what its name stands for. */
#define INIC_GET(words, field) inic_get(words, field)
#define INIC_SET(words, field, value) inic_set(words, field, value)

/* What a request of a class is checked by; NULL where the class has no such function. */
static inline const struct inic_request *inic_request_of(uint32_t class_id, uint32_t function) {
  for (unsigned i = 0; i < INIC_REQUEST_COUNT; i++)
    if (inic_requests[i].class_id == class_id && inic_requests[i].function == function) return &inic_requests[i];
  return 0;
}

/* Whether a field's value is one of the good ones. */
static inline int inic_is_good(const struct inic_range *range, uint32_t value) {
  int at = 0;
  if (value < range->min || value > range->max) return 0;
  if (range->power_of_two && (value & (value - 1)) != 0) return 0;
  while (at < range->set_count && range->set[at] != value) at++;
  return range->set_count == 0 || at < range->set_count;
}

/* Why a request is malformed, a detailed status, and at which byte; 0 where it is not. */
static inline uint32_t inic_request_error(const struct inic_request *rule, const uint32_t *request, uint32_t *byte) {
  uint32_t size = INIC_GET(request, INIC_MESSAGE_HEADER_MESSAGE_SIZE);
  *byte = 2;
  if (size < rule->words) return INIC_DETAILED_STATUS_MESSAGE_TOO_SMALL;
  *byte = 0;
  if (INIC_GET(request, INIC_MESSAGE_HEADER_SGL_OFFSET) != rule->sgl_word) return INIC_DETAILED_STATUS_INVALID_OFFSET;
  for (int i = 0; i < rule->range_count; i++) {
    const struct inic_range *range = &rule->ranges[i];
    *byte = range->word * 4u + range->low / 8u;
    if (!inic_is_good(range, inic_get(request, range->word, range->low, range->high)))
      return INIC_DETAILED_STATUS_INVALID_PARAMETER;
  }
  *byte = 2;
  if (rule->list_word != 0 && size < rule->list_word + (request[rule->count_word] & 0xff) * rule->list_stride)
    return INIC_DETAILED_STATUS_MESSAGE_TOO_SMALL;
  return 0;
}

/* Why a header cannot be delivered to a card of one device: a failure code; 0: it can. */
static inline uint32_t inic_header_error(const uint32_t *words, uint32_t frame_words, uint32_t device) {
  uint32_t size = INIC_GET(words, INIC_MESSAGE_HEADER_MESSAGE_SIZE), flags = INIC_GET(words, INIC_MESSAGE_HEADER_MSG_FLAGS);
  uint32_t target = INIC_GET(words, INIC_MESSAGE_HEADER_TARGET_ADDRESS), offset = INIC_GET(words, INIC_MESSAGE_HEADER_SGL_OFFSET);
  uint32_t function = INIC_GET(words, INIC_MESSAGE_HEADER_FUNCTION), own = function >= 0x20 && target == device;
  if (INIC_GET(words, INIC_MESSAGE_HEADER_VERSION) != 1) return INIC_FAILURE_CODE_INVALID_VERSION;
  /* Only messages of the device's own class cover several transactions. */
  if (flags != 0 && !(flags == INIC_MESSAGE_FLAG_MULTIPLE && own)) return INIC_FAILURE_CODE_INVALID_MESSAGE_FLAGS;
  if (size < 3 || (size == 3 && function != INIC_UTIL_NOP)) return INIC_FAILURE_CODE_FRAME_TOO_SMALL;
  if (size > frame_words) return INIC_FAILURE_CODE_FRAME_TOO_LARGE;
  if (offset != 0 && (offset < 3 || offset >= size)) return INIC_FAILURE_CODE_INVALID_OFFSET;
  if (INIC_GET(words, INIC_MESSAGE_HEADER_INITIATOR_ADDRESS) != INIC_TID_HOST)
    return INIC_FAILURE_CODE_INVALID_INITIATOR_ID;
  return target == INIC_TID_IOP || target == device ? 0 : INIC_FAILURE_CODE_INVALID_TARGET_ID;
}

/* What is to become of a request, before its list is looked at. */
enum inic_fate {
  INIC_SERVE,       /* all is well so far */
  INIC_DROP,        /* nobody can be told, or it is not answered */
  INIC_UNDELIVERED, /* a failure record of this code and severity */
  INIC_REFUSE,      /* ERROR_NO_DATA with this code as its detailed status */
  INIC_MALFORMED    /* a transaction error of this code at this byte */
};
struct inic_verdict { enum inic_fate fate; uint32_t code, severity, byte; const struct inic_request *rule; };

/* In the order in which faults go before each other, for a card of one device and of no batches. */
static inline struct inic_verdict inic_judge(const uint32_t *words, uint32_t frame_words, uint32_t iop_state, uint32_t device,
                                             uint32_t device_class) {
  uint32_t function = INIC_GET(words, INIC_MESSAGE_HEADER_FUNCTION), general = function < 0x20;
  uint32_t own = INIC_GET(words, INIC_MESSAGE_HEADER_TARGET_ADDRESS) == device;
  uint32_t class_id = general ? INIC_UTILITY_CLASS_ID : own ? device_class : INIC_EXECUTIVE_CLASS_ID;
  uint32_t init = class_id == INIC_EXECUTIVE_CLASS_ID && function == INIC_EXEC_OUTBOUND_INIT;
  uint32_t registers = general && function == INIC_UTIL_EVENT_REGISTER, error, byte;
  struct inic_verdict v = {INIC_UNDELIVERED, inic_header_error(words, frame_words, device), INIC_SEVERITY_FORMAT_ERROR, 0, 0};
  /* In RESET there are no frames to answer in. */
  if (iop_state == INIC_IOP_STATE_RESET && !init && function != INIC_EXEC_STATUS_GET && function != INIC_EXEC_IOP_RESET)
    return v.fate = INIC_DROP, v;
  if (v.code != 0) return v;
  v.code = INIC_FAILURE_CODE_STATE_ERROR, v.severity = INIC_SEVERITY_PATH_STATE;
  if (own && !general && iop_state != INIC_IOP_STATE_OPERATIONAL) return v;
  v.fate = INIC_MALFORMED, v.code = INIC_DETAILED_STATUS_INVALID_MESSAGE_FLAGS, v.byte = 1;
  if (INIC_GET(words, INIC_MESSAGE_HEADER_MSG_FLAGS) != 0) return v;
  v.fate = INIC_REFUSE, v.code = INIC_DETAILED_STATUS_UNKNOWN_FUNCTION;
  if ((v.rule = inic_request_of(class_id, function)) == 0) return v;
  v.fate = init ? INIC_DROP : INIC_REFUSE, v.code = INIC_DETAILED_STATUS_INAPPROPRIATE_FUNCTION;
  if ((v.rule->iop_states >> iop_state & 1) == 0) return v;
  error = inic_request_error(v.rule, words, &byte);
  v.fate = error == 0 ? INIC_SERVE : INIC_MALFORMED, v.code = error, v.byte = byte;
  if (error == 0 || !registers) return v;
  /* The answer to this one has no room for a status. */
  v.fate = INIC_UNDELIVERED, v.severity = INIC_SEVERITY_FORMAT_ERROR;
  v.code = error == INIC_DETAILED_STATUS_MESSAGE_TOO_SMALL ? INIC_FAILURE_CODE_FRAME_TOO_SMALL : INIC_FAILURE_CODE_INVALID_OFFSET;
  return v;
}

/* A simple, transmit, bucket or immediate element of a list: byte is where it is, data the word of its bytes. */
struct inic_element { uint32_t kind, last, count, context, address, byte, data; };

/* Takes the element at a word apart. Returns the word behind it; 0 for one that there is not. */
static inline uint32_t inic_element_at(const uint32_t *words, uint32_t at, struct inic_element *element) {
  uint32_t size = INIC_GET(words, INIC_MESSAGE_HEADER_MESSAGE_SIZE), length = 0;
  element->byte = at * 4;
  if (at >= size) return 0;
  element->kind = words[at] >> 24 & 0x7f;
  element->last = words[at] >> 24 & INIC_SGL_LAST;
  element->count = words[at] & 0xffffff;
  element->data = at + 2;
  if (element->kind == INIC_SGL_IN || element->kind == INIC_SGL_OUT) length = 2;
  if (element->kind == INIC_SGL_BUCKET || element->kind == INIC_SGL_TRANSMIT) length = 3;
  if (element->kind == INIC_SGL_IMMEDIATE) length = 2 + (element->count + 3) / 4;
  if (length == 0 || at + length > size) return 0;
  element->context = words[at + 1];
  element->address = words[at + (length == 3 ? 2 : 1)];
  return at + length;
}

/* A request's list, which begins where its header says. Returns how many elements; 0 for one that cannot be read. */
static inline uint32_t inic_list_of(const uint32_t *words, struct inic_element *elements, uint32_t most) {
  uint32_t at = INIC_GET(words, INIC_MESSAGE_HEADER_SGL_OFFSET), count = 0;
  while (at != 0 && count < most && (at = inic_element_at(words, at, &elements[count])) != 0)
    if (elements[count++].last) return count;
  return 0;
}

/* Whether an element's bytes lie within one of so many buffers that follow each other: the one of its context. */
static inline int inic_in_buffer(const struct inic_element *e, uint32_t offset, uint32_t count, uint32_t bytes) {
  uint32_t start = offset + e->context * bytes;
  return e->count > 0 && e->context < count && e->count <= bytes && e->address >= start &&
         e->address - start <= bytes - e->count;
}

/* For the pipe protocol over two file descriptors of POSIX: define INIC_PIPE_IO before this header. */
#ifdef INIC_PIPE_IO
#include <errno.h>
#include <string.h>
#include <unistd.h>
struct inic_pipe {
  int input, output;
  uint32_t type, bytes, body[INIC_PIPE_PAYLOAD_BYTES_MAX / 4 + 1]; /* the message received last */
  size_t waiting;                                                  /* bytes that are to be written */
  uint8_t out[1 << 20];
};
static inline int inic_pipe_read(struct inic_pipe *pipe, void *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    ssize_t got = read(pipe->input, (char *)bytes + at, length - at);
    if (got == 0 || (got < 0 && errno != EINTR)) return 0;
    if (got > 0) at += (size_t)got;
  }
  return 1;
}
/* Waits for the next message. Returns 0 where there is none any more, or what comes is of another protocol. */
static inline int inic_pipe_receive(struct inic_pipe *pipe) {
  uint32_t head[INIC_PIPE_HEADER_BYTES / 4];
  if (!inic_pipe_read(pipe, head, sizeof head)) return 0;
  if (head[1] != INIC_PIPE_VERSION || head[2] > INIC_PIPE_PAYLOAD_BYTES_MAX) return 0;
  pipe->type = head[0], pipe->bytes = head[2];
  return inic_pipe_read(pipe, pipe->body, pipe->bytes);
}
/* Writes all that was said. Returns 0 where nobody reads it. */
static inline int inic_pipe_flush(struct inic_pipe *pipe) {
  for (size_t at = 0; at < pipe->waiting;) {
    ssize_t put = write(pipe->output, pipe->out + at, pipe->waiting - at);
    if (put < 0 && errno != EINTR) return 0;
    if (put > 0) at += (size_t)put;
  }
  pipe->waiting = 0;
  return 1;
}
static inline void inic_pipe_put(struct inic_pipe *pipe, const void *bytes, size_t length) {
  if (length > 0) memcpy(pipe->out + pipe->waiting, bytes, length);
  pipe->waiting += length;
}
/* Says something: so many words of fields, and a tail, which is filled up with blanks. It goes out by a flush. */
static inline void inic_pipe_say(struct inic_pipe *pipe, uint32_t type, const uint32_t *fields, size_t count,
                                 const void *tail, size_t length) {
  size_t fill = -length & 3, size = count * 4 + length + fill;
  uint32_t head[INIC_PIPE_HEADER_BYTES / 4] = {type, INIC_PIPE_VERSION, (uint32_t)size};
  if (pipe->waiting + sizeof head + size > sizeof pipe->out) inic_pipe_flush(pipe);
  inic_pipe_put(pipe, head, sizeof head);
  inic_pipe_put(pipe, fields, count * 4);
  inic_pipe_put(pipe, tail, length);
  inic_pipe_put(pipe, "   ", fill);
}
#endif

/* For the shared-memory form: define INIC_SHARED_MEMORY before this header.
 *
 * A ring has four words beside its frames, each written by one side: tail and head, which count frames posted and
 * released and wrap at 2^32, and an event for each, which says behind which index its reader wants to be told.
 *
 * Who has posted writes the frames, stores the tail, and only then loads the tail event; who is about to rest stores
 * its event, and only then loads the tail. Each is a store followed by a load of another word, which nothing weaker than
 * sequential consistency keeps in order: by release and acquire alone each side may miss what the other has stored,
 * and then both rest for ever. The same holds of head and head event. */
#ifdef INIC_SHARED_MEMORY
#include <stdatomic.h>
static inline void inic_ring_store(uint8_t *ring, unsigned word, uint32_t value) {
  atomic_store_explicit((_Atomic uint32_t *)(void *)(ring + word), value, memory_order_seq_cst);
}
static inline uint32_t inic_ring_load(uint8_t *ring, unsigned word) {
  return atomic_load_explicit((_Atomic uint32_t *)(void *)(ring + word), memory_order_seq_cst);
}
static inline uint8_t *inic_ring_frame(uint8_t *ring, uint32_t capacity, uint32_t index) {
  return ring + INIC_RING_FRAMES + (index & (capacity - 1)) * (uint64_t)INIC_PIPE_FRAME_BYTES;
}
/* Stores an index, and only then loads the event. Returns whether the other side has asked to be told of it. */
static inline int inic_ring_publish(uint8_t *ring, unsigned index, unsigned event, uint32_t next) {
  uint32_t last = inic_ring_load(ring, index);
  if (last == next) return 0;
  inic_ring_store(ring, index, next);
  return next - inic_ring_load(ring, event) - 1 < next - last;
}
/* Asks to be told when an index goes on from where it was seen. Returns whether it has done so already. */
static inline int inic_ring_arm(uint8_t *ring, unsigned index, unsigned event, uint32_t seen) {
  inic_ring_store(ring, event, seen);
  return inic_ring_load(ring, index) != seen;
}
#endif
