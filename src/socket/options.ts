/**
 * Socket options, numbered for the socket class (SocketOptionSet, SocketOptionGet). Linux's own numbers are
 * per level.
 */
export const SO_REUSEADDR = 1;
export const SO_KEEPALIVE = 2;
export const SO_LINGER_SECONDS = 3; // -1: off; 0: close sends RST
export const SO_SNDBUF = 4;
export const SO_RCVBUF = 5;
export const SO_ERROR = 6; // get only; reading clears it
export const SO_BROADCAST = 7;
export const SO_RCVLOWAT = 8;
export const SO_OOBINLINE = 9; // urgent bytes stay in the stream
export const TCP_NODELAY = 16;
export const TCP_MAXSEG = 17;
export const TCP_KEEPIDLE_SECONDS = 18;
export const TCP_KEEPINTVL_SECONDS = 19;
export const TCP_KEEPCNT = 20;
export const TCP_USER_TIMEOUT_MS = 21;
export const TCP_QUICKACK = 22;
export const TCP_CORK = 23;
export const TCP_NOTSENT_LOWAT = 24;
export const TCP_DEFER_ACCEPT_SECONDS = 25;
export const TCP_LINGER2_SECONDS = 26; // -1: a connection nobody owns does not wait for the peer's FIN
export const TCP_CONGESTION = 27; // a number of congestion-names.ts
export const IP_TTL = 32;
export const IP_TOS = 33;
export const IP_MTU_DISCOVER = 34; // MTU_DISCOVER_
export const IP_MTU = 35; // get only: the largest packet that the way to the peer carries, in bytes

/** Values of IP_MTU_DISCOVER (Linux, include/uapi/linux/in.h: IP_PMTUDISC_). */
export const MTU_DISCOVER_DONT = 0;
export const MTU_DISCOVER_WANT = 1;
export const MTU_DISCOVER_DO = 2;
export const MTU_DISCOVER_PROBE = 3;
/** As PROBE and DONT, of what the port sends whatever is said of the path; packets may be cut on their way. */
export const MTU_DISCOVER_INTERFACE = 4;
export const MTU_DISCOVER_OMIT = 5;
