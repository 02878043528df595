//! The encryption of Mumble's voice packets: OCB2 with AES-128, as its `CryptState` does it, four bytes in front: the
//! lowest byte of the nonce, and three of the tag.

use aes::{
    Aes128,
    cipher::{Block, BlockCipherDecrypt, BlockCipherEncrypt, KeyInit},
};

const BLOCK: usize = 16;
type Bytes16 = [u8; BLOCK];

/// One direction of one connection.
pub(crate) struct Ocb {
    key: Aes128,
    nonce: Bytes16,
}

impl Ocb {
    pub(crate) fn new(key: Bytes16, nonce: Bytes16) -> Self {
        Self { key: Aes128::new(&key.into()), nonce }
    }

    /// Encrypts a packet.
    pub(crate) fn seal(&mut self, plain: &[u8]) -> Vec<u8> {
        step(&mut self.nonce, 0);
        let mut packet = vec![0; 4 + plain.len()];
        packet[4..].copy_from_slice(plain);
        let tag = self.run(&mut packet[4..], true);
        packet[0] = self.nonce[0];
        packet[1..4].copy_from_slice(&tag[..3]);
        packet
    }

    /// Decrypts a packet in place; `None` if it is not genuine, or older than one before.
    pub(crate) fn open<'a>(&mut self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        let (head, body) = packet.split_first_chunk_mut::<4>()?;
        let before = self.nonce;
        if head[0] <= self.nonce[0] {
            // Went round.
            step(&mut self.nonce, 1);
        }
        self.nonce[0] = head[0];
        let cipher = body.to_vec();
        // After more than 255 lost packets the higher bytes are further on.
        for _ in 0..64 {
            if self.run(body, false)[..3] == head[1..] {
                return Some(body);
            }
            body.copy_from_slice(&cipher);
            step(&mut self.nonce, 1);
        }
        self.nonce = before;
        None
    }

    /// Encrypts or decrypts in place, and returns the tag.
    fn run(&self, data: &mut [u8], seal: bool) -> Bytes16 {
        let mut delta = self.encrypt(self.nonce);
        let mut checksum = [0; BLOCK];
        // The last block, also a full one, is treated as a rest.
        let whole = data.len().saturating_sub(1) / BLOCK * BLOCK;
        let (blocks, rest) = data.split_at_mut(whole);
        for chunk in blocks.chunks_exact_mut(BLOCK) {
            let mut block = [0; BLOCK];
            block.copy_from_slice(chunk);
            delta = double(delta);
            if seal {
                checksum = xor(checksum, block);
                block = xor(delta, self.encrypt(xor(delta, block)));
            } else {
                block = xor(delta, self.decrypt(xor(delta, block)));
                checksum = xor(checksum, block);
            }
            chunk.copy_from_slice(&block);
        }
        delta = double(delta);
        let mut length = [0; BLOCK];
        length[BLOCK - 2..].copy_from_slice(&(rest.len() as u16 * 8).to_be_bytes());
        let pad = self.encrypt(xor(length, delta));
        let mut last = pad;
        if seal {
            last[..rest.len()].copy_from_slice(rest);
        }
        for (byte, pad) in rest.iter_mut().zip(pad) {
            *byte ^= pad;
        }
        if !seal {
            last[..rest.len()].copy_from_slice(rest);
        }
        checksum = xor(checksum, last);
        delta = xor(delta, double(delta));
        self.encrypt(xor(delta, checksum))
    }

    fn encrypt(&self, block: Bytes16) -> Bytes16 {
        let mut block: Block<Aes128> = block.into();
        self.key.encrypt_block(&mut block);
        block.into()
    }

    fn decrypt(&self, block: Bytes16) -> Bytes16 {
        let mut block: Block<Aes128> = block.into();
        self.key.decrypt_block(&mut block);
        block.into()
    }
}

/// Counts the nonce, which has its lowest byte first, up from its byte number `from`.
fn step(nonce: &mut Bytes16, from: usize) {
    for byte in &mut nonce[from..] {
        *byte = byte.wrapping_add(1);
        if *byte != 0 {
            break;
        }
    }
}

fn xor(a: Bytes16, b: Bytes16) -> Bytes16 {
    (u128::from_ne_bytes(a) ^ u128::from_ne_bytes(b)).to_ne_bytes()
}

/// Twice, in GF(2^128).
fn double(block: Bytes16) -> Bytes16 {
    let value = u128::from_be_bytes(block);
    ((value << 1) ^ (if value >> 127 == 1 { 0x87 } else { 0 })).to_be_bytes()
}
