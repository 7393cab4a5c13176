/* The socket class's messages: what each does to its socket, or why not. */

enum { CLASS_VERSION = 3, LOOPBACK = 0x7f000001, EPHEMERAL = 32768, BACKLOG_MAX = 32, POSTS_MAX = 64 };
enum { OPTIONS = 64, ANSWERED = -1 };
static struct sock {
  int state, conn, closing; /* state: an INIC_SOCKET_STATE_; closing: to be answered at the end of the turn */
  int backlog, waiting[BACKLOG_MAX + 1], waiting_count, posts[POSTS_MAX], post_count;
  uint32_t address, port, option[OPTIONS], request[FRAME_WORDS]; /* request: the one whose answer is due */
} socks[SOCKETS];
static uint32_t next_port;
static int closing_count;

/* The version that both sides speak, and a socket's number of a field: it was shorter before version 3. */
static uint32_t class_version(void) { return least(SETTING(CLASS_VERSION), CLASS_VERSION); }
static uint32_t number_in(uint32_t field) { return field & (class_version() >= 3 ? 0xffffff : 0xffff); }

static void sockets_begin(void) {
  memset(socks, 0, sizeof socks);
  next_port = EPHEMERAL;
  closing_count = 0;
}

static struct conn *conn_of(const struct sock *sock) {
  return sock->state == INIC_SOCKET_STATE_CONNECTED && !sock->closing ? &conns[sock->conn] : NULL;
}

/* Its state as spec/states.yaml has it. */
static int state_of(const struct sock *sock) {
  const struct conn *conn = conn_of(sock);
  if (sock->closing) return INIC_SOCKET_STATE_CLOSING;
  if (conn == NULL) return sock->state;
  if (conn->error != 0) return INIC_SOCKET_STATE_FAILED;
  if (conn->peer == NOBODY || conns[conn->peer].fin_told)
    return conn->fin ? INIC_SOCKET_STATE_ENDED : INIC_SOCKET_STATE_PEER_ENDED;
  return conn->fin ? INIC_SOCKET_STATE_SHUT : INIC_SOCKET_STATE_CONNECTED;
}

/* What a state is as TCP's; what is not here is CLOSED. */
static const uint8_t tcp_states[INIC_SOCKET_STATE_CLOSING + 1] = {
    [INIC_SOCKET_STATE_LISTENING] = INIC_TCP_STATE_LISTEN,      [INIC_SOCKET_STATE_CONNECTING] = INIC_TCP_STATE_SYN_SENT,
    [INIC_SOCKET_STATE_CONNECTED] = INIC_TCP_STATE_ESTABLISHED, [INIC_SOCKET_STATE_PEER_ENDED] = INIC_TCP_STATE_CLOSE_WAIT,
    [INIC_SOCKET_STATE_SHUT] = INIC_TCP_STATE_FIN_WAIT2,        [INIC_SOCKET_STATE_ENDED] = INIC_TCP_STATE_TIME_WAIT,
};

static int own_address(uint32_t address) { return address >> 24 == 127 || address == SETTING(IPV4_ADDRESS); }

static int port_taken(uint32_t port) {
  for (uint32_t i = 0; i < SETTING(SOCKETS); i++)
    if (socks[i].state != INIC_SOCKET_STATE_FREE && socks[i].port == port) return 1;
  return 0;
}

static uint32_t free_port(void) {
  while (port_taken(++next_port & 0xffff)) {}
  return next_port & 0xffff;
}

static int create(const uint32_t *request, struct sock *sock) {
  if (GET(request, SOCKET_CREATE_SOCKET_TYPE) != INIC_SOCKET_TYPE_STREAM) return INIC_EPROTONOSUPPORT;
  *sock = (struct sock){.state = INIC_SOCKET_STATE_OPEN};
  return 0;
}

static int bind_to(const uint32_t *request, struct sock *sock) {
  uint32_t address = GET(request, SOCKET_BIND_ADDRESS), port = GET(request, SOCKET_BIND_PORT);
  if (sock->state != INIC_SOCKET_STATE_OPEN) return INIC_EINVAL;
  if (address != 0 && !own_address(address)) return INIC_EADDRNOTAVAIL;
  if (port != 0 && port_taken(port)) return INIC_EADDRINUSE;
  sock->address = address;
  sock->port = port != 0 ? port : free_port();
  sock->state = INIC_SOCKET_STATE_BOUND;
  PUT(outcome(request, 0), socket_bind_reply, .local_port = sock->port, .local_address = address);
  return ANSWERED;
}

static int listen_at(const uint32_t *request, struct sock *sock) {
  if (sock->port == 0) sock->port = free_port();
  sock->backlog = (int)least(GET(request, SOCKET_LISTEN_BACKLOG), BACKLOG_MAX);
  sock->state = INIC_SOCKET_STATE_LISTENING;
  return 0;
}

/* Takes the first number that was posted. It is answered as a transaction of its own. */
static struct sock *take_post(struct sock *listener, uint32_t how, uint32_t detail, uint32_t **reply) {
  struct sock *posted = &socks[listener->posts[0]];
  memmove(listener->posts, listener->posts + 1, sizeof(int) * (size_t)--listener->post_count);
  *reply = reply_status(posted->request, INIC_SOCKET_ACCEPT_POST_REPLY_WORDS, how, detail);
  (*reply)[3] = (uint32_t)(posted - socks);
  return posted;
}

/* Connections that wait meet numbers that were posted. */
static void accept_waiting(struct sock *listener) {
  while (listener->waiting_count > 0 && listener->post_count > 0) {
    uint32_t *reply;
    struct sock *sock = take_post(listener, INIC_REQUEST_STATUS_SUCCESS, 0, &reply);
    struct conn *conn = &conns[sock->conn = listener->waiting[0]];
    memmove(listener->waiting, listener->waiting + 1, sizeof(int) * (size_t)--listener->waiting_count);
    sock->state = INIC_SOCKET_STATE_CONNECTED;
    conn->socket = (int)(sock - socks);
    PUT(reply, socket_accept_post_reply, .listener_id = (uint32_t)(listener - socks), .accepted_id = reply[3],
        .remote_address = conn->remote, .remote_port = conn->remote_port, .local_address = conn->local,
        .local_port = conn->local_port);
  }
}

static int accept_post(const uint32_t *request, struct sock *listener) {
  uint32_t count = GET(request, SOCKET_ACCEPT_POST_COUNT);
  const uint32_t *numbers = request + INIC_SOCKET_ACCEPT_POST_LIST_WORD;
  for (uint32_t i = 0, id; i < count; i++)
    if ((id = number_in(numbers[i])) >= SETTING(SOCKETS) || socks[id].state != INIC_SOCKET_STATE_FREE) return INIC_EINVAL;
  if (listener->post_count + count > POSTS_MAX) return INIC_EINVAL;
  for (uint32_t i = 0; i < count; i++) {
    struct sock *sock = &socks[listener->posts[listener->post_count++] = number_in(numbers[i])];
    *sock = (struct sock){.state = INIC_SOCKET_STATE_POSTED};
    memcpy(sock->request, request, sizeof sock->request);
  }
  accept_waiting(listener);
  return ANSWERED;
}

static struct sock *listener_at(uint32_t address, uint32_t port) {
  for (struct sock *sock = socks; sock < socks + SETTING(SOCKETS); sock++)
    if (sock->state == INIC_SOCKET_STATE_LISTENING && !sock->closing && sock->port == port &&
        (sock->address == 0 || sock->address == address))
      return sock;
  return NULL;
}

static int connect_to(const uint32_t *request, struct sock *sock) {
  uint32_t to = GET(request, SOCKET_CONNECT_ADDRESS), port = GET(request, SOCKET_CONNECT_PORT), from;
  uint32_t id = number_in(GET(request, SOCKET_CONNECT_SOCKET_ID));
  struct sock *listener = listener_at(to = to != 0 ? to : LOOPBACK, port);
  if (to == 0xffffffff || to >> 28 == 14) return INIC_ENETUNREACH;
  if (sock->port == 0) sock->port = free_port();
  memcpy(sock->request, request, sizeof sock->request);
  sock->state = INIC_SOCKET_STATE_CONNECTING;
  /* Nobody but ourselves is on the network: an answer from elsewhere never comes, nor from a full backlog. */
  if (!own_address(to) || (listener != NULL && listener->waiting_count > listener->backlog)) return ANSWERED;
  sock->state = listener == NULL ? INIC_SOCKET_STATE_FAILED : INIC_SOCKET_STATE_CONNECTED;
  if (listener == NULL) return INIC_ECONNREFUSED;
  from = sock->address != 0 ? sock->address : to;
  int near = sock->conn = conn_new((int)id, from, sock->port, to, port);
  int far = conns[near].peer = conn_new(NOT_ACCEPTED, to, port, from, sock->port);
  conns[far].peer = near;
  PUT(outcome(request, 0), socket_connect_reply, .socket_id = id, .local_port = sock->port, .local_address = from);
  listener->waiting[listener->waiting_count++] = far;
  accept_waiting(listener);
  return ANSWERED;
}

/* Ends a connect or the listening: connections that wait are reset, and numbers that were posted come back. */
static void stop(struct sock *sock, int error) {
  uint32_t *reply;
  if (sock->state == INIC_SOCKET_STATE_CONNECTING) outcome(sock->request, error);
  while (sock->waiting_count > 0) give_up(&conns[sock->waiting[--sock->waiting_count]], 1);
  while (sock->post_count > 0) {
    take_post(sock, INIC_REQUEST_STATUS_ERROR_NO_DATA, INIC_ECONNABORTED, &reply)->state = INIC_SOCKET_STATE_FREE;
    PUT(reply, socket_accept_post_reply, .listener_id = (uint32_t)(sock - socks), .accepted_id = reply[3]);
  }
  sock->state = INIC_SOCKET_STATE_FAILED;
}

static int shut(const uint32_t *request, struct sock *sock) {
  uint32_t how = GET(request, SOCKET_SHUTDOWN_HOW);
  if (conn_of(sock) != NULL) conn_of(sock)->fin |= how != INIC_SHUTDOWN_HOW_READ;
  else if (sock->state == INIC_SOCKET_STATE_CONNECTING || how != INIC_SHUTDOWN_HOW_WRITE) stop(sock, INIC_ECONNRESET);
  return 0;
}

static int close_socket(const uint32_t *request, struct sock *sock) {
  if (conn_of(sock) != NULL) give_up(conn_of(sock), FUNCTION(request) == INIC_SOCKET_ABORT);
  stop(sock, INIC_ECONNABORTED);
  memcpy(sock->request, request, sizeof sock->request);
  sock->closing = 1;
  closing_count++;
  return ANSWERED;
}

/* Numbers of sockets that were given up are the host's again. */
static void answer_closes(void) {
  for (uint32_t i = 0; closing_count > 0; i++) {
    if (!socks[i].closing) continue;
    PUT(outcome(socks[i].request, 0), socket_close_reply, .socket_id = i);
    socks[i] = (struct sock){.state = INIC_SOCKET_STATE_FREE};
    closing_count--;
  }
}

/* Options are kept, and mean nothing to streams that never leave the card. */
static int set_or_get_option(const uint32_t *request, struct sock *sock) {
  uint32_t option = GET(request, SOCKET_OPTION_SET_OPTION);
  if (option >= OPTIONS) return INIC_ENOPROTOOPT;
  if (FUNCTION(request) == INIC_SOCKET_OPTION_SET) return sock->option[option] = GET(request, SOCKET_OPTION_SET_VALUE), 0;
  PUT(outcome(request, 0), socket_option_get_reply, .value = sock->option[option]);
  return ANSWERED;
}

/* How the connection is, or the name of one of its ends. */
static int tell(const uint32_t *request, struct sock *sock) {
  const struct conn own = {.local = sock->address, .local_port = sock->port}, *conn = conn_of(sock);
  const struct conn *names = conn != NULL ? conn : &own;
  uint32_t state = tcp_states[state_of(sock)], peer = GET(request, SOCKET_NAME_GET_WHICH) == INIC_NAME_OF_PEER;
  if (FUNCTION(request) == INIC_SOCKET_STATUS_GET)
    PUT(outcome(request, 0), socket_status_get_reply, .state = state != 0 ? state : INIC_TCP_STATE_CLOSED,
        .local_address = names->local, .local_port = names->local_port, .remote_address = names->remote,
        .remote_port = names->remote_port);
  else if (peer && conn == NULL) return INIC_ENOTCONN;
  else
    PUT(outcome(request, 0), socket_name_get_reply, .address = peer ? names->remote : names->local,
        .port = peer ? names->remote_port : names->local_port);
  return ANSWERED;
}

/* Bytes of a connect that is under way are not kept here. */
static int send_to(const uint32_t *request, struct sock *sock) {
  struct conn *conn = conn_of(sock);
  send_bytes(request, conn, conn == NULL ? INIC_ENOBUFS : conn->error);
  return ANSWERED;
}

/* The host has used so many bytes of each, and its buffer may grow by steps of 256. */
static void credit(const uint32_t *request) {
  const uint32_t *pair = request + INIC_SOCKET_RECEIVE_CREDIT_LIST_WORD;
  for (uint32_t i = 0; i < GET(request, SOCKET_RECEIVE_CREDIT_COUNT); i++, pair += 2) {
    uint32_t id = (pair[0] & 0xffff) | number_in(GET(request, SOCKET_RECEIVE_CREDIT_SOCKET_ID_HIGH) << 16);
    struct conn *conn = id < SETTING(SOCKETS) ? conn_of(&socks[id]) : NULL;
    if (conn != NULL) conn->window += pair[1] + (uint32_t)((int16_t)(pair[0] >> 16) * 256);
  }
}

static int (*const handlers[256])(const uint32_t *request, struct sock *sock) = {
    [INIC_SOCKET_CREATE] = create,         [INIC_SOCKET_BIND] = bind_to,
    [INIC_SOCKET_CONNECT] = connect_to,    [INIC_SOCKET_LISTEN] = listen_at,
    [INIC_SOCKET_SHUTDOWN] = shut,         [INIC_SOCKET_ACCEPT_POST] = accept_post,
    [INIC_SOCKET_CLOSE] = close_socket,    [INIC_SOCKET_ABORT] = close_socket,
    [INIC_SOCKET_SEND] = send_to,          [INIC_SOCKET_OPTION_SET] = set_or_get_option,
    [INIC_SOCKET_STATUS_GET] = tell,       [INIC_SOCKET_OPTION_GET] = set_or_get_option,
    [INIC_SOCKET_NAME_GET] = tell,
};

static void socket_message(const uint32_t *request, const struct inic_request *rule) {
  uint32_t id = number_in(GET(request, SOCKET_CREATE_SOCKET_ID)), function = rule->function;
  struct sock *sock = id < SETTING(SOCKETS) ? &socks[id] : NULL;
  if (function == INIC_SOCKET_RECEIVE_POST) { receive_post(request); return; }
  if (function == INIC_SOCKET_RECEIVE_CREDIT) { credit(request); return; }
  if (handlers[function] == NULL) { refuse(request, INIC_DETAILED_STATUS_UNKNOWN_FUNCTION); return; }
  /* What is refused in a socket's state is data of the spec; a connection that was reset says so instead. */
  int error = sock == NULL ? INIC_EBADF : rule->refusals[state_of(sock)];
  if (function == INIC_SOCKET_SEND && error != 0) {
    if (sock != NULL && conn_of(sock) != NULL && conn_of(sock)->error != 0) error = conn_of(sock)->error;
    send_bytes(request, NULL, error);
  } else {
    if (error == 0) error = handlers[function](request, sock);
    if (error != ANSWERED) outcome(request, error);
  }
}
