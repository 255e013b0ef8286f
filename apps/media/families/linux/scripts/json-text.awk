# The text of a JSON string out of the decimal bytes that `od -An -v -tu1` prints. Any bytes may come: the
# JSON is pure ASCII, and what is no UTF-8 becomes U+FFFD (RFC 8259, 7). For gawk, mawk and busybox, in the
# C locale.
# @begin
function unit(code) { printf "\\u%04x", code }
function broken() { if (want > 0) { unit(65533); want = 0 } }
{
    for (i = 1; i <= NF; i++) {
        byte = $i + 0
        if (want > 0 && byte >= low && byte <= high) {
            code = code * 64 + byte - 128
            low = 128; high = 191
            if (--want > 0) continue
            if (code < 65536) unit(code)
            else { code -= 65536; unit(55296 + int(code / 1024)); unit(56320 + code % 1024) }
            continue
        }
        broken()
        low = 128; high = 191
        if (byte == 34 || byte == 92) printf "\\%c", byte
        else if (byte >= 32 && byte < 127) printf "%c", byte
        # Databases refuse U+0000.
        else if (byte > 0 && byte < 128) unit(byte)
        else if (byte >= 194 && byte <= 223) { want = 1; code = byte - 192 }
        else if (byte >= 224 && byte <= 239) {
            want = 2; code = byte - 224
            if (byte == 224) low = 160
            if (byte == 237) high = 159
        }
        else if (byte >= 240 && byte <= 244) {
            want = 3; code = byte - 240
            if (byte == 240) low = 144
            if (byte == 244) high = 143
        }
        else unit(65533)
    }
}
END { broken() }
