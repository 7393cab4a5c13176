/** The assertions of the heap of arrivals, each tripped by the bug it guards against. */
import { ArrivalHeap } from '../../src/wire/arrival-heap.ts';
import { trips } from '../rules/trips.ts';

trips('arrival heap: it holds no more slots than there are', () => {
  const heap = new ArrivalHeap(1);
  heap.push(0);
  heap.push(0);
});
trips('arrival heap: a slot put in is one of the pipe', () => new ArrivalHeap(2).push(2));
trips('arrival heap: a slot is taken out only where there is one', () => new ArrivalHeap(2).pop());
trips('arrival heap: no frame in flight is due before the one taken out', () => {
  const heap = new ArrivalHeap(2);
  heap.dueNs.set([1, 2]);
  heap.push(0);
  heap.push(1);
  heap.dueNs[0] = 3; // changed while it is in flight
  heap.pop();
});
