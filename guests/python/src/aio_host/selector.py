"""The selector of asyncio's event loop, over the ring."""

import errno
import selectors

from . import descriptors, errors, flows, ring


class RingSelector(selectors._BaseSelectorImpl):
    """Waits for any number of descriptors in one call of the host."""

    def __init__(self):
        super().__init__()
        self._watches = ring.Watches()
        self._keys: dict[int, selectors.SelectorKey] = {}
        self._handles: dict[int, int] = {}

    def register(self, fileobj, events, data=None):
        key = super().register(fileobj, events, data)
        try:
            handle = _handle(key.fd, events)
        except OSError:
            super().unregister(fileobj)
            raise
        self._handles[key.fd] = handle
        self._keys[handle] = key
        self._watches.set(handle, events)
        return key

    def unregister(self, fileobj):
        key = super().unregister(fileobj)
        handle = self._handles.pop(key.fd)
        del self._keys[handle]
        self._watches.set(handle, 0)
        return key

    def modify(self, fileobj, events, data=None):
        key = self.get_key(fileobj)
        if events == key.events:
            changed = key._replace(data=data)
        else:
            changed = self._change(key, events)._replace(data=data)
        self._fd_to_key[key.fd] = changed
        self._keys[self._handles[key.fd]] = changed
        return changed

    def _change(self, key, events):
        if not events or events & ~(ring.READ | ring.WRITE):
            raise ValueError(f"Invalid events: {events!r}")
        self._watches.set(self._handles[key.fd], events)
        return key._replace(events=events)

    def select(self, timeout=None):
        ready = []
        for handle, events in ring.wait(self._watches, timeout):
            key = self._keys.get(handle)
            if key is not None and events & key.events:
                ready.append((key, events & key.events))
        return ready

    def close(self):
        for handle in self._keys:
            self._watches.set(handle, 0)
        self._keys.clear()
        self._handles.clear()
        super().close()


def _handle(number: int, events: int) -> int:
    if number > 2 and not descriptors.is_ours(number):
        # A file, which is always ready.
        raise errors.system(errno.EPERM)
    descriptor = descriptors.get(number)
    if events & ring.READ and descriptor.is_connection():
        flows.of(descriptor.handle)
    return descriptor.handle


def install():
    """Makes it every selector of `selectors`."""
    for name in "DefaultSelector", "EpollSelector", "PollSelector", "SelectSelector":
        setattr(selectors, name, RingSelector)
