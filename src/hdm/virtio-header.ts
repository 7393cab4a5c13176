/**
 * The virtio-net header that stands before each frame of a TAP opened with IFF_VNET_HDR, and of a macvtap
 * (linux/virtio_net.h, `struct virtio_net_hdr`; the OASIS specification "Virtual I/O Device (VIRTIO)",
 * section 5.1.6). It says what the reader of the frame may leave out, and what the writer has left out.
 *
 *   0  flags         NEEDS_CSUM: the checksum is still to be made; DATA_VALID: it has been found good
 *   1  GSO type      the packet is longer than a segment and is to be cut; the ECN bit goes beside it
 *   2  header length of Ethernet, IPv4 and TCP together, a hint
 *   4  GSO size      payload bytes of each segment
 *   6  checksum start, from the frame's first byte: what is summed begins there and ends with the frame
 *   8  checksum offset, from there: the field, which holds the folded sum of the pseudo-header
 *
 * Numbers are little-endian here, as the kernel has them on a little-endian machine.
 */
export const VIRTIO_HEADER_BYTES = 10;

export const VIRTIO_FLAGS = 0;
export const VIRTIO_GSO_TYPE = 1;
export const VIRTIO_HEADER_LENGTH = 2;
export const VIRTIO_GSO_SIZE = 4;
export const VIRTIO_CHECKSUM_START = 6;
export const VIRTIO_CHECKSUM_OFFSET = 8;

export const NEEDS_CHECKSUM = 1;
export const DATA_VALID = 2;

export const GSO_NONE = 0;
export const GSO_TCPV4 = 1;
/** Set beside the type where the first segment alone has CWR (RFC 3168). */
export const GSO_ECN = 0x80;
