/* The executive's messages: bring-up and tables; and utility messages, to the IOP and to the device. */

static uint32_t iop_state, init_code, lct_change;
static int claimed, lct_waits; /* lct_waits: whether lct_request is to be answered when the table changes */
static uint32_t lct_request[FRAME_WORDS];

static void power_on(void) {
  iop_state = INIC_IOP_STATE_RESET;
  init_code = claimed = lct_waits = 0;
  lct_change = 1;
  reply_head = reply_tail = 0;
  sockets_begin();
  streams_begin();
}

/* Writes to the control area, and nowhere else. Returns whether it could. */
static int control_write(uint32_t address, const uint32_t *words, uint32_t length) {
  uint32_t offset = address - SETTING(CONTROL_OFFSET), room = SETTING(CONTROL_BYTES);
  if (offset > room || length > room - offset) return 0;
  memory_write(address, words, length);
  return 1;
}

static void control_word(uint32_t address, uint32_t word) { control_write(address, &word, 4); }

/* Writes a table where a list wants it, cut after a whole entry. */
static void bring_table(const uint32_t *request, const uint32_t *table, uint32_t head, uint32_t entry, uint32_t words) {
  struct inic_element list[8];
  uint32_t count = inic_list_of(request, list, 8);
  if (count == 0) { malformed(request, INIC_DETAILED_STATUS_INVALID_OFFSET, 0); return; }
  while (words > head && words > list->count / 4) words -= entry;
  if (count != 1 || list->kind != INIC_SGL_IN || words > list->count / 4 ||
      !control_write(list->address, table, words * 4))
    malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, 0);
  else
    succeed(request, INIC_SINGLE_REPLY_WORDS);
}

static void write_status_block(const uint32_t *request) {
  uint32_t block[INIC_STATUS_BLOCK_WORDS] = {0};
  PUT(block, status_block, .i2o_version = 1, .iop_state = iop_state, .inbound_frame_words = FRAME_WORDS,
      .init_code = init_code, .max_inbound_frames = SETTING(INBOUND_FRAMES),
      .current_inbound_frames = SETTING(INBOUND_FRAMES), .max_outbound_frames = SETTING(OUTBOUND_FRAMES),
      .expected_lct_bytes = (INIC_LCT_HEADER_WORDS + INIC_LCT_ENTRY_WORDS) * 4, .sync_byte = 0xff);
  memcpy(&block[7], "a card in C             ", 24);
  control_write(GET(request, EXEC_STATUS_GET_BUFFER_ADDRESS_LOW), block, sizeof block);
}

/* The answer is a word in memory. Whatever frame size the host chooses: no answer of ours exceeds the least. */
static void outbound_init(const uint32_t *request, uint32_t error) {
  struct inic_element list[4];
  if (inic_list_of(request, list, 4) == 0 || (error != 0 && error != INIC_DETAILED_STATUS_INVALID_PARAMETER)) return;
  control_word(list->address, error == 0 ? INIC_POLLED_STATUS_COMPLETE : INIC_POLLED_STATUS_FAILED);
  if (error != 0) return;
  init_code = GET(request, EXEC_OUTBOUND_INIT_INIT_CODE);
  iop_state = INIC_IOP_STATE_HOLD;
}

/* The table has the one device. Its class version is the lower of what the host is to be offered and what we speak.
 * That is all the negotiation there is: the host reads it here, and sends nothing that came with a later one. */
static void lct_notify(const uint32_t *request) {
  uint32_t table[INIC_LCT_HEADER_WORDS + INIC_LCT_ENTRY_WORDS], head = INIC_LCT_HEADER_WORDS;
  uint32_t filter = GET(request, EXEC_LCT_NOTIFY_CLASS_FILTER), entry = INIC_LCT_ENTRY_WORDS;
  uint32_t words = filter == 0xffffffff || (filter & 0xfff) == INIC_SOCKET_CLASS_ID ? head + entry : head;
  if (GET(request, EXEC_LCT_NOTIFY_LAST_CHANGE_INDICATOR) > lct_change) {
    lct_waits = 1;
    memcpy(lct_request, request, sizeof lct_request);
    return;
  }
  memset(table, 0, sizeof table);
  PUT(table, lct_header, .table_words = words, .boot_tid = INIC_TID_NONE, .change_indicator = lct_change);
  PUT(table + head, lct_entry, .entry_words = entry, .local_tid = DEVICE, .change_indicator = lct_change,
      .class_id = INIC_SOCKET_CLASS_ID, .class_version = class_version(),
      .user_tid = claimed ? INIC_TID_HOST : INIC_TID_NONE);
  bring_table(request, table, head, entry, words);
}

static void hrt_get(const uint32_t *request) {
  uint32_t table[INIC_HRT_HEADER_WORDS] = {0};
  PUT(table, hrt_header, .entry_words = INIC_HRT_ENTRY_WORDS);
  bring_table(request, table, INIC_HRT_HEADER_WORDS, INIC_HRT_ENTRY_WORDS, INIC_HRT_HEADER_WORDS);
}

static void sys_tab_set(const uint32_t *request) {
  struct inic_element list[8];
  uint32_t count = inic_list_of(request, list, 8), good = count == 3;
  for (uint32_t i = 0; i < count; i++) good &= list[i].kind == INIC_SGL_OUT;
  if (count == 0) { malformed(request, INIC_DETAILED_STATUS_INVALID_OFFSET, 0); return; }
  if (!good) { malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, 0); return; }
  iop_state = INIC_IOP_STATE_READY;
  succeed(request, INIC_SINGLE_REPLY_WORDS);
}

/* Nothing that was open is answered; frames and buffers are the host's. */
static void iop_reset(const uint32_t *request) {
  power_on();
  if (region != NULL) ring_restart();
  else pipe_begin();
  control_word(GET(request, EXEC_IOP_RESET_STATUS_ADDRESS_LOW), INIC_POLLED_STATUS_IN_PROGRESS);
  say(INIC_PIPE_RESTART, NULL, 0, NULL, 0);
}

/* The devices stop: contexts come back and closes are answered; buckets and numbers are withdrawn without a word. */
static void sys_quiesce(const uint32_t *request) {
  for (int i = 0; i < conn_count; i++)
    while (conns[i].used && conns[i].first != NOBODY) drop_chunk(&conns[i]);
  answer_closes();
  sockets_begin();
  streams_begin();
  iop_state = INIC_IOP_STATE_READY;
  succeed(request, INIC_SINGLE_REPLY_WORDS);
}

static void executive(const uint32_t *request) {
  switch (FUNCTION(request)) {
    case INIC_EXEC_STATUS_GET: write_status_block(request); return;
    case INIC_EXEC_IOP_RESET: iop_reset(request); return;
    case INIC_EXEC_OUTBOUND_INIT: outbound_init(request, 0); return;
    case INIC_EXEC_LCT_NOTIFY: lct_notify(request); return;
    case INIC_EXEC_HRT_GET: hrt_get(request); return;
    case INIC_EXEC_SYS_TAB_SET: sys_tab_set(request); return;
    case INIC_EXEC_SYS_QUIESCE: sys_quiesce(request); return;
    case INIC_EXEC_SYS_ENABLE: iop_state = INIC_IOP_STATE_OPERATIONAL; succeed(request, INIC_SINGLE_REPLY_WORDS); return;
    default: refuse(request, INIC_DETAILED_STATUS_UNKNOWN_FUNCTION); return;
  }
}

/* The host claims the device, or lets it go; who waits for the table's change is told of it. */
static void claim(const uint32_t *request, int wanted) {
  int strange = wanted == claimed || GET(request, UTIL_CLAIM_CLAIM_TYPE) != INIC_CLAIM_TYPE_PRIMARY;
  if (GET(request, MESSAGE_HEADER_TARGET_ADDRESS) == INIC_TID_IOP)
    refuse(request, INIC_DETAILED_STATUS_UNSUPPORTED_FUNCTION);
  else if (strange)
    refuse(request, wanted && claimed ? INIC_DETAILED_STATUS_DEVICE_BUSY : INIC_DETAILED_STATUS_INVALID_REQUEST);
  else {
    claimed = wanted;
    lct_change++;
    succeed(request, INIC_SINGLE_REPLY_WORDS);
    if (lct_waits) lct_waits = 0, lct_notify(lct_request);
  }
}

/* This card has no events to tell of: a mask of 0 ends a registration, and is answered. */
static void utility(const uint32_t *request) {
  uint32_t function = FUNCTION(request);
  if (function == INIC_UTIL_CLAIM || function == INIC_UTIL_CLAIM_RELEASE) claim(request, function == INIC_UTIL_CLAIM);
  else if (function == INIC_UTIL_EVENT_REGISTER && request[4] == 0)
    reply_new(request, LAST, INIC_UTIL_EVENT_REGISTER_REPLY_WORDS);
  else if (function != INIC_UTIL_EVENT_REGISTER && function != INIC_UTIL_NOP)
    refuse(request, INIC_DETAILED_STATUS_UNKNOWN_FUNCTION);
}
