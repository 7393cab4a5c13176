/* Connections, both of whose ends are here: their bytes go from transmit buffers to receive buckets. */

enum { SENDABLE = 96, CONNS = 2 * SOCKETS, BUCKETS_PER_POST = 16, NO_BUCKET = -1, GIVEN_UP = -1, NOT_ACCEPTED = -2 };

/* One end of a connection, which outlives its socket until all is sent. */
static struct conn {
  int used, peer, socket; /* peer: NOBODY once that is forgotten; socket: its number, GIVEN_UP or NOT_ACCEPTED */
  int first, last;        /* what is to be sent, by context; NOBODY: nothing */
  int fin, fin_told, error, error_told;
  uint32_t window, local, remote, local_port, remote_port;
} conns[CONNS];
/* Bytes to be sent: of a transmit buffer, or immediate ones. Each has its context's place. */
static struct chunk { int used, next; uint32_t initiator, address, length, sent; uint8_t bytes[SENDABLE]; } chunks[BUFFERS];
/* Buckets that are posted, in their order. */
static struct bucket { uint32_t context, address, length, initiator; } buckets[BUFFERS];
static uint32_t bucket_head, bucket_tail, record_initiator;
static uint8_t bucket_used[BUFFERS];
static int conn_count; /* no conn behind so many is used */

static void streams_begin(void) {
  memset(conns, 0, sizeof conns);
  memset(bucket_used, 0, sizeof bucket_used);
  memset(chunks, 0, sizeof chunks);
  bucket_head = bucket_tail = 0;
  conn_count = 0;
}

/* Makes one end. Its peer is to be set. Returns its place. */
static int conn_new(int socket, uint32_t local, uint32_t local_port, uint32_t remote, uint32_t remote_port) {
  int at = 0;
  while (at < CONNS && conns[at].used) at++;
  if (at == CONNS) die("no room for a connection");
  conns[at] = (struct conn){.used = 1, .socket = socket, .first = NOBODY, .window = SETTING(RECEIVE_WINDOW_BYTES),
                            .local = local, .local_port = local_port, .remote = remote, .remote_port = remote_port};
  if (at >= conn_count) conn_count = at + 1;
  return at;
}

/* The first of what is to be sent is done with. */
static void drop_chunk(struct conn *conn) {
  struct chunk *chunk = &chunks[conn->first];
  give_context(chunk->initiator, (uint32_t)conn->first);
  chunk->used = 0;
  conn->first = chunk->next;
}

/* The other end has reset the connection, or is gone for good. */
static void reset(struct conn *conn) {
  if (!conn->used || conn->error != 0) return;
  conn->error = INIC_ECONNRESET;
  while (conn->first != NOBODY) drop_chunk(conn);
}

/* Nobody has this end any more; what is left of the connection goes on by itself. */
static void give_up(struct conn *conn, int abort) {
  conn->socket = GIVEN_UP;
  conn->fin = 1;
  if (!abort) return;
  if (conn->peer != NOBODY) reset(&conns[conn->peer]);
  while (conn->first != NOBODY) drop_chunk(conn);
  conn->fin_told = 1;
}

/* What is wrong with an element of a send; 0 where it names bytes that are the host's to send. */
static uint32_t send_error(const struct inic_element *e) {
  uint32_t buffers = SETTING(TRANSMIT_BUFFERS), slots = SETTING(IMMEDIATE_SLOTS);
  int immediate = e->kind == INIC_SGL_IMMEDIATE, good;
  if (!immediate && e->kind != INIC_SGL_TRANSMIT) return INIC_DETAILED_STATUS_INVALID_OFFSET;
  good = immediate ? e->count > 0 && e->count <= SENDABLE && e->context >= buffers && e->context - buffers < slots
                   : inic_in_buffer(e, SETTING(TRANSMIT_OFFSET), buffers, SETTING(TRANSMIT_BUFFER_BYTES));
  return good && !chunks[e->context].used ? 0 : INIC_DETAILED_STATUS_INVALID_PARAMETER;
}

/* Queues what the list names, up to a bad element. error: why nothing can be sent there; then contexts come back. */
static void send_bytes(const uint32_t *request, struct conn *conn, int error) {
  uint32_t at = INIC_SOCKET_SEND_SGL_WORD, detail;
  struct inic_element e = {0};
  while (!e.last) {
    at = inic_element_at(request, at, &e);
    detail = at == 0 ? INIC_DETAILED_STATUS_INVALID_OFFSET : send_error(&e);
    if (detail != 0) { malformed(request, detail, e.byte); return; }
    if (error != 0) give_context(request[2], e.context);
    if (error != 0) continue;
    struct chunk *chunk = &chunks[e.context];
    chunk->used = 1, chunk->next = NOBODY, chunk->initiator = request[2], chunk->sent = 0, chunk->length = e.count;
    chunk->address = e.kind == INIC_SGL_TRANSMIT ? e.address : 0;
    if (chunk->address == 0) memcpy(chunk->bytes, request + e.data, e.count);
    *(conn->first == NOBODY ? &conn->first : &chunks[conn->last].next) = (int)e.context;
    conn->last = (int)e.context;
  }
  if (error != 0) outcome(request, error);
}

/* Takes the good buckets of a list that can be read; the last of the bad ones is told. */
static void receive_post(const uint32_t *request) {
  struct inic_element list[BUCKETS_PER_POST], *e = list;
  uint32_t at = INIC_SOCKET_RECEIVE_POST_SGL_WORD, count = 0, bad = 0, plain[4] = {request[0], request[1], request[2], 0};
  do {
    e = &list[count++];
    at = inic_element_at(request, at, e);
    int broken = at == 0 || e->kind != INIC_SGL_BUCKET || (count == BUCKETS_PER_POST && !e->last);
    if (broken) { malformed(request, INIC_DETAILED_STATUS_INVALID_OFFSET, e->byte); return; }
  } while (!e->last);
  int miscounted = count != GET(request, SOCKET_RECEIVE_POST_BUCKET_COUNT);
  if (miscounted) { malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, 12); return; }
  for (e = list; e < list + count; e++) {
    if (!inic_in_buffer(e, SETTING(RECEIVE_OFFSET), SETTING(RECEIVE_BUCKETS), SETTING(RECEIVE_BUCKET_BYTES))) bad = e->byte;
    else if (bucket_used[e->context]) refuse(plain, INIC_EINVAL);
    else {
      bucket_used[e->context] = 1;
      record_initiator = request[2];
      buckets[bucket_tail++ % BUFFERS] = (struct bucket){e->context, e->address, e->count, request[2]};
    }
  }
  if (bad != 0) malformed(request, INIC_DETAILED_STATUS_INVALID_PARAMETER, bad);
}

/* Tells a socket something. bucket: the context of the one that has the bytes, or NO_BUCKET. */
static void record(uint32_t initiator, int bucket, int socket, uint32_t flags, uint32_t length, int error) {
  uint32_t at = INIC_SOCKET_RECEIVE_POST_REPLY_LIST_WORD;
  uint32_t *row = reply_list(INIC_SOCKET_RECEIVE_POST, initiator, at, INIC_RECEIVE_RECORD_WORDS);
  row[-1] = bucket_tail - bucket_head;
  PUT(row, receive_record, .bucket_context = (uint32_t)bucket, .socket_id = (uint32_t)socket, .flags = flags,
      .length = length, .status = (uint32_t)error);
}

static uint32_t least(uint32_t a, uint32_t b) { return a < b ? a : b; }

/* Moves what can be moved from one end to the other: a bucket's worth a record. */
static void move(struct conn *from, struct conn *to) {
  while (from->first != NOBODY && to->socket >= 0 && to->window > 0 && bucket_head != bucket_tail) {
    struct bucket bucket = buckets[bucket_head++ % BUFFERS];
    uint32_t filled = 0, room = least(bucket.length, to->window);
    while (from->first != NOBODY && filled < room) {
      struct chunk *chunk = &chunks[from->first];
      uint32_t length = least(chunk->length - chunk->sent, room - filled), address = chunk->address + chunk->sent;
      memory_write(bucket.address + filled,
                   chunk->address == 0 ? chunk->bytes + chunk->sent : memory_read(address, length), length);
      filled += length;
      chunk->sent += length;
      if (chunk->sent == chunk->length) drop_chunk(from);
    }
    to->window -= filled;
    bucket_used[bucket.context] = 0;
    record(bucket.initiator, (int)bucket.context, to->socket, INIC_RECEIVE_FLAG_LAST_IN_BUCKET, filled, 0);
  }
}

/* One end's bytes, then its end of the stream; or that it was reset. */
static void move_end(struct conn *from) {
  struct conn *to = from->peer == NOBODY ? NULL : &conns[from->peer];
  if (from->error != 0 && from->socket >= 0 && !from->error_told) {
    from->error_told = 1;
    record(record_initiator, NO_BUCKET, from->socket, INIC_RECEIVE_FLAG_ERROR, 0, from->error);
  }
  if (to == NULL) return;
  /* Bytes for an end that nobody reads any more come back as a reset. */
  if (to->socket == GIVEN_UP && from->first != NOBODY) reset(from);
  if (to->error == 0) move(from, to);
  if (!from->fin || from->fin_told || from->first != NOBODY || to->socket == NOT_ACCEPTED) return;
  from->fin_told = 1;
  if (to->socket >= 0 && to->error == 0)
    record(record_initiator, NO_BUCKET, to->socket, INIC_RECEIVE_FLAG_END_OF_STREAM, 0, 0);
}

/* An end whose socket is given up stays until its bytes and its FIN are told. */
static void forget(struct conn *conn) {
  struct conn *peer = conn->peer == NOBODY ? NULL : &conns[conn->peer];
  if (!conn->used || conn->socket != GIVEN_UP || conn->first != NOBODY) return;
  if (peer != NULL && peer->error == 0 && !conn->fin_told) return;
  if (peer != NULL && peer->first != NOBODY) reset(peer);
  if (peer != NULL) peer->peer = NOBODY;
  conn->used = 0;
}

static void streams_move(void) {
  for (int i = 0; i < conn_count; i++)
    if (conns[i].used) move_end(&conns[i]);
  for (int i = 0; i < conn_count; i++) forget(&conns[i]);
  while (conn_count > 0 && !conns[conn_count - 1].used) conn_count--;
}
