/* Answers of every form. They wait here until there is a frame for them. */

enum { REPLIES = 16384, TRL_WORD = 3, LAST = INIC_MESSAGE_FLAG_REPLY | INIC_MESSAGE_FLAG_LAST };
static uint32_t replies[REPLIES][FRAME_WORDS], reply_head, reply_tail;

static uint32_t *reply_new(const uint32_t *request, uint32_t flags, uint32_t words) {
  uint32_t *reply = memset(replies[reply_tail++ % REPLIES], 0, FRAME_WORDS * 4);
  if (reply_tail - reply_head > REPLIES) die("too many answers wait");
  memcpy(reply + 1, request + 1, 12);
  reply[0] = 1 | flags << 8 | words << 16;
  return reply;
}

static uint32_t *reply_status(const uint32_t *request, uint32_t words, uint32_t how, uint32_t detail) {
  uint32_t *reply = reply_new(request, LAST, words);
  reply[4] = how << 24 | detail;
  return reply;
}

static uint32_t *succeed(const uint32_t *request, uint32_t words) {
  return reply_status(request, words, INIC_REQUEST_STATUS_SUCCESS, 0);
}

static void refuse(const uint32_t *request, uint32_t detail) {
  reply_status(request, INIC_SINGLE_REPLY_WORDS, INIC_REQUEST_STATUS_ERROR_NO_DATA, detail);
}

static void malformed(const uint32_t *request, uint32_t detail, uint32_t byte) {
  reply_status(request, INIC_TRANSACTION_ERROR_REPLY_WORDS, INIC_REQUEST_STATUS_TRANSACTION_ERROR, detail)[5] = byte;
}

/* It was never delivered, which a record tells; over the pipe the frame stays the host's to fetch. */
static void undelivered(const struct frame *frame, uint32_t code, uint32_t severity) {
  uint32_t *reply = reply_new(frame->words, LAST | INIC_MESSAGE_FLAG_FAIL, INIC_FAILURE_RECORD_WORDS);
  PUT(reply, failure_record, .transaction_context = reply[3], .lowest_version = 1, .highest_version = 1,
      .severity = severity, .failure_code = code, .preserved_mfa_low = frame->address);
}

/* How a socket request ended, told as its reply mode wants it. Returns the answer of one that succeeded, or NULL. */
static uint32_t *outcome(const uint32_t *request, int error) {
  const struct inic_request *rule = inic_request_of(INIC_SOCKET_CLASS_ID, FUNCTION(request));
  uint32_t mode = rule->reply_mode ? GET(request, SOCKET_CREATE_REPLY_MODE) : INIC_REPLY_MODE_BATCH;
  if (mode == INIC_REPLY_MODE_NEVER || (mode == INIC_REPLY_MODE_ON_ERROR && error == 0)) return NULL;
  return error == 0 ? succeed(request, rule->reply_words) : (refuse(request, (uint32_t)error), NULL);
}

/* An answer to several transactions, which has a list: elements of so many words at a word. Returns the first. */
static uint32_t *reply_list(uint32_t function, uint32_t initiator, uint32_t at, uint32_t stride) {
  uint32_t request[4] = {0, DEVICE | INIC_TID_HOST << 12 | function << 24, initiator, 0};
  uint32_t *reply = reply_new(request, LAST | INIC_MESSAGE_FLAG_MULTIPLE, at + stride);
  reply[0] |= TRL_WORD << 4;
  PUT(reply, multiple_reply, .trl_count = 1, .trl_element_size = stride - 1, .trl_flags = INIC_TRL_FLAG_MULTIPLE);
  return reply + at;
}

/* A transmit buffer is the host's again. */
static void give_context(uint32_t initiator, uint32_t context) {
  *reply_list(INIC_SOCKET_SEND, initiator, INIC_SOCKET_SEND_REPLY_LIST_WORD, 1) = context;
}
