//! Packed answers: small as they are sent, and large as they are unpacked.

use flate2::{Compress, Compression, FlushCompress};

/// A mebibyte.
const MIB: usize = 1 << 20;

/// 256 MiB of zeros, as node's `zlib.brotliCompressSync` packs them at quality 11 and a window of 24 bits.
const BROTLI_OF_ZEROS: &str = "cfffff7ff82700e2b14020f7fe9ffffffff04f00c4610180eefd3fffffffe19f0088c32200ddfb7ffeffffc33f0110870500\
    baf7fffcffff877f02200e0b0074effff9ffff0fff04401c1600e8defff3ffff1ffe0980382c00d0bdffe7ffff3ffc1300715800\
    a07bffcfffff7ff82700e2b00040f7fe9ffffffff04f00c4610180eefd3fffffffe19f0088c30200ddfb7ffeffffc33f01108705\
    00baf7fffcffff877f02200e0b0074effff9ffff0fff04401c1600e8defff3ffff1ffe0980382c00d0bdffcfffff7ffc13007158\
    00a07bff0f";

/// A gigabyte of blanks by gzip: one packed mebibyte that nothing before it is needed for, 1024 times.
pub fn gzip_of_a_gigabyte() -> Vec<u8> {
    let mut block = Vec::with_capacity(MIB);
    let mut pack = Compress::new(Compression::fast(), false);
    pack.compress_vec(&vec![b' '; MIB], &mut block, FlushCompress::Full)
        .unwrap();
    let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    [&head[..], &block.repeat(1024)].concat()
}

/// 256 MiB of zeros by brotli.
pub fn brotli_of_zeros() -> Vec<u8> {
    let digits = BROTLI_OF_ZEROS.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.map(byte).collect()
}

/// A body by gzip.
pub fn gzip(body: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut pack = flate2::write::GzEncoder::new(Vec::new(), Compression::fast());
    pack.write_all(body).unwrap();
    pack.finish().unwrap()
}

/// A body by zlib, as `deflate` is.
pub fn deflate(body: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let mut pack = flate2::write::ZlibEncoder::new(Vec::new(), Compression::fast());
    pack.write_all(body).unwrap();
    pack.finish().unwrap()
}

/// A body of at most 64 KiB by brotli: a window of 16 bits, one block that is stored as it is, and an empty last one.
pub fn brotli(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() - 1).unwrap();
    assert!(length < 1 << 16);
    let head = (length << 4) | (1 << 20);
    [&head.to_le_bytes()[..3], body, &[0b11]].concat()
}
