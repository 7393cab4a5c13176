/** Counts to a thousand in redis over the card; then tries what stays the kernel's: IPv6, of datagrams too. */
import dgram from 'node:dgram';
import { createRequire } from 'node:module';
import net from 'node:net';

const { Redis } = createRequire(import.meta.url)('ioredis');
const redis = new Redis(6379, process.argv[2], { retryStrategy: () => 100 });
redis.on('error', () => {});
for (let i = 0; i < 1000; i++) redis.incr('count');
console.log('value', Number(await redis.get('count')));
redis.disconnect();
dgram.createSocket('udp6').close();
net.connect(9, '::2').on('error', () => {});
