//! OAEP padding with SHA-256 for the label and for the mask (RFC 8017, 7.1.1).

use ring::digest::{Context, SHA256, digest};
use zeroize::Zeroizing;

/// Bytes of a SHA-256.
pub(super) const HASH: usize = 32;

/// `message` padded to `length` bytes. The caller sees to it that `message` fits: `length` is at least 256, `message` 32.
pub(super) fn encode(message: &[u8], label: &[u8], seed: &[u8; HASH], length: usize) -> Zeroizing<Vec<u8>> {
    let mut padded = Zeroizing::new(vec![0; length]);
    let (head, block) = padded.split_at_mut(1 + HASH);
    head[1..].copy_from_slice(seed);
    block[..HASH].copy_from_slice(digest(&SHA256, label).as_ref());
    let start = block.len() - message.len();
    block[start - 1] = 1;
    block[start..].copy_from_slice(message);
    mask(seed, block);
    mask(block, &mut head[1..]);
    padded
}

/// MGF1 of `seed`, laid over `target` (RFC 8017, B.2.1).
fn mask(seed: &[u8], target: &mut [u8]) {
    for (count, chunk) in (0_u32..).zip(target.chunks_mut(HASH)) {
        let mut hash = Context::new(&SHA256);
        hash.update(seed);
        hash.update(&count.to_be_bytes());
        for (byte, mask) in chunk.iter_mut().zip(hash.finish().as_ref()) {
            *byte ^= mask;
        }
    }
}
