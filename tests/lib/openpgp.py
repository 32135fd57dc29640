"""OpenPGP keys and signatures for tests, made with librnp itself (librnp0)."""
import ctypes
import time

DAY = 86400


def library():
    """None: it is not installed."""
    try:
        return ctypes.CDLL("librnp.so.0")
    except OSError:
        return None


def _call(name, *args):
    got = getattr(library(), name)(*args)
    if got:
        raise RuntimeError(f"{name}: {got & 0xffffffff:#x}")


def _take(output):
    p, n = ctypes.c_void_p(), ctypes.c_size_t()
    _call("rnp_output_memory_get_buf", output, ctypes.byref(p), ctypes.byref(n), False)
    data = ctypes.string_at(p, n.value)
    library().rnp_output_destroy(output)
    return data


class Key:
    """An Ed25519 key made some days ago."""

    def __init__(self, user, age=100):
        self.ffi, self.key, self.born = ctypes.c_void_p(), ctypes.c_void_p(), int(time.time()) - age * DAY
        _call("rnp_ffi_create", ctypes.byref(self.ffi), b"GPG", b"GPG")
        self._at(self.born)
        op, fingerprint = ctypes.c_void_p(), ctypes.c_char_p()
        _call("rnp_op_generate_create", ctypes.byref(op), self.ffi, b"EDDSA")
        _call("rnp_op_generate_set_userid", op, user.encode())
        _call("rnp_op_generate_execute", op)
        _call("rnp_op_generate_get_key", op, ctypes.byref(self.key))
        library().rnp_op_generate_destroy(op)
        _call("rnp_key_get_fprint", self.key, ctypes.byref(fingerprint))
        self.fingerprint = fingerprint.value.decode()

    def _at(self, seconds):
        _call("rnp_set_timestamp", self.ffi, ctypes.c_uint64(seconds))

    def public(self, armor=True):
        out = ctypes.c_void_p()
        _call("rnp_output_to_memory", ctypes.byref(out), ctypes.c_size_t(0))
        _call("rnp_key_export", self.key, out, 2 | 8 | (1 if armor else 0))
        return _take(out)

    def end(self, days):
        """Ends it so many days after it was made."""
        self._at(int(time.time()) - DAY)
        _call("rnp_key_set_expiration", self.key, days * DAY)

    def sign(self, document, age=1):
        """A detached signature, made `age` days ago."""
        op, data, out = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        self._at(int(time.time()) - age * DAY)
        _call("rnp_input_from_memory", ctypes.byref(data), document, ctypes.c_size_t(len(document)), True)
        _call("rnp_output_to_memory", ctypes.byref(out), ctypes.c_size_t(0))
        _call("rnp_op_sign_detached_create", ctypes.byref(op), self.ffi, data, out)
        _call("rnp_op_sign_set_armor", op, True)
        _call("rnp_op_sign_add_signature", op, self.key, None)
        _call("rnp_op_sign_execute", op)
        library().rnp_op_sign_destroy(op)
        library().rnp_input_destroy(data)
        return _take(out)
