//! Frames to messages.

use super::assembly::Assembly;
use super::close::parse_close;
use super::deflate::{Agreement, DeflateConfig, DeflatePool, Inflation};
use super::event::{Item, ItemKind, Place};
use super::header::{Parsed, parse_length, parse_start};
use super::inbox::{self, Inbox, Next};
use super::message::Incoming;
use super::room::Room;
use super::work::looked_at;
use super::{
    CloseFrame, FrameConfig, FrameError, FrameEvent, MessageKind, NotDrained, Opcode, Role, mask,
};

/// Reads frames of the peer, in any chunking, and lends messages from its buffer.
///
/// Give it bytes ([`handle_bytes`](Self::handle_bytes), or [`space`](Self::space) and
/// [`filled`](Self::filled) without a copy), then call [`poll_event`](Self::poll_event) until it
/// has no more. Text is checked as it arrives: a message that cannot become UTF-8 any more fails
/// before it is complete.
///
/// Memory grows by bytes that arrived, never by a length that a header claims. A reader holds at
/// most the message under assembly and the unread bytes that [`NotDrained`] bounds, and three times
/// that in capacity. It shrinks again; [`release`](Self::release) gives all back at once.
///
/// A reader that failed stays failed, and after a Close frame nothing is read: bytes that come
/// later are thrown away.
#[derive(Debug)]
pub struct Reader {
    room: Room,
    /// Messages that came whole.
    inbox: Option<Box<Inbox>>,
    assembly: Assembly,
    config: FrameConfig,
    role: Role,
    state: State,
    /// The kind of the message under assembly, how many of its frames have begun, and whether it
    /// is compressed.
    message: Option<MessageKind>,
    fragments: u32,
    compressed: bool,
    /// The data frame whose payload is arriving.
    frame: Option<Frame>,
    /// Payloads of messages are thrown away as they come.
    skimming: bool,
    inflation: Option<Box<Inflation>>,
}

impl Reader {
    /// A reader for our end of this role. Allocates nothing.
    pub fn new(role: Role, config: FrameConfig) -> Self {
        Self {
            room: Room::default(),
            inbox: None,
            assembly: Assembly::default(),
            config,
            role,
            state: State::Reading,
            message: None,
            fragments: 0,
            compressed: false,
            frame: None,
            skimming: false,
            inflation: None,
        }
    }

    /// Takes compressed messages from here on, as the opening handshake has agreed.
    pub fn inflate(&mut self, config: &DeflateConfig, agreed: Agreement) {
        self.inflation = Inflation::new(config, agreed).map(Box::new);
    }

    /// Takes a copy of `bytes`.
    ///
    /// # Errors
    ///
    /// [`NotDrained`] if more than [`max_frame`](FrameConfig::max_frame) + 64 KiB would wait to
    /// be read as frames; then nothing is taken.
    #[inline]
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> Result<(), NotDrained> {
        if self.state != State::Reading {
            return Ok(());
        }
        self.admit(bytes.len())?;
        self.room.make(bytes.len(), bytes.len());
        self.append(bytes);
        Ok(())
    }

    /// Takes a copy of a whole message of a transport that speaks WebSocket itself. Every bound
    /// holds as if it had come in one frame, but no frame is made and no text is checked again.
    /// A reader is given either bytes or messages.
    ///
    /// # Errors
    ///
    /// As [`handle_bytes`](Self::handle_bytes).
    #[inline]
    pub fn handle_message(&mut self, message: Incoming<'_>) -> Result<(), NotDrained> {
        if self.state != State::Reading {
            return Ok(());
        }
        let length = message.len();
        let mut weight = inbox::weight(length, self.role);
        if length > self.config.max_frame.min(self.config.max_message) {
            // What is too long is told by its length alone.
            weight -= length;
        }
        self.admit(weight)?;
        self.inbox.get_or_insert_default().push(message, &self.config, weight);
        Ok(())
    }

    /// Whether a text of this length that came now, whole, would be the next event.
    #[inline]
    pub(crate) fn takes_next(&self, length: usize) -> bool {
        self.state == State::Reading
            && !self.skimming
            && length <= self.config.max_frame.min(self.config.max_message)
            && self.inbox.as_ref().is_none_or(|inbox| inbox.is_empty())
            && self.buffered() == 0
    }

    /// Lends free space of at least `at_least` bytes, to read the socket into. The bytes in it
    /// have no meaning. [`filled`](Self::filled) then tells how many were written.
    ///
    /// # Errors
    ///
    /// [`NotDrained`] if `at_least` bytes more would be over the bound of
    /// [`handle_bytes`](Self::handle_bytes).
    #[inline]
    pub fn space(&mut self, at_least: usize) -> Result<&mut [u8], NotDrained> {
        self.admit(at_least)?;
        // Large messages take fewer reads if a read may be as long as what came of one, or of the
        // one before. Still longer ones would leave the nearest caches before they are looked at.
        let large = (self.assembly.len() + HEAD).min(LARGE);
        self.room.make(at_least.max(large), at_least.saturating_mul(2).max(large));
        Ok(&mut self.room.bytes[self.room.end..])
    }

    /// Takes the first `n` bytes of the space that was lent last.
    ///
    /// # Panics
    ///
    /// If the space had fewer than `n` bytes.
    #[inline]
    pub fn filled(&mut self, n: usize) {
        let free = self.room.bytes.len() - self.room.end;
        assert!(n <= free, "filled({n}) in a space of {free} bytes");
        if self.state == State::Reading {
            self.room.end += n;
        }
    }

    /// The next event, or `None` until more bytes arrive. Compressed messages are inflated in
    /// memory of our own.
    #[inline]
    pub fn poll_event(&mut self) -> Option<FrameEvent<'_>> {
        let item = self.advance(None)?;
        Some(self.lend(item, None))
    }

    /// As [`poll_event`](Self::poll_event), with memory that many readers share.
    pub fn poll_event_with<'a>(&'a mut self, pool: &'a mut DeflatePool) -> Option<FrameEvent<'a>> {
        let item = self.advance(Some(pool))?;
        Some(self.lend(item, Some(pool)))
    }

    #[inline]
    fn lend<'a>(&'a mut self, item: Item, pool: Option<&'a DeflatePool>) -> FrameEvent<'a> {
        match item.kind {
            ItemKind::Text => match self.text(item, pool) {
                Ok(text) => FrameEvent::Text(text),
                Err(error) => FrameEvent::Failed(error),
            },
            ItemKind::Binary => FrameEvent::Binary(self.bytes(item, pool)),
            ItemKind::Ping => FrameEvent::Ping(self.bytes(item, None)),
            ItemKind::Pong => FrameEvent::Pong(self.bytes(item, None)),
            ItemKind::Close => FrameEvent::Close(self.close(item)),
            ItemKind::Failed(error) => FrameEvent::Failed(error),
        }
    }

    /// Gives the buffer back if nothing is in it, and what was used to inflate. For links that
    /// idle.
    pub fn release(&mut self) {
        if let Some(inflation) = &mut self.inflation {
            inflation.release();
        }
        if self.buffered() == 0 {
            self.room.release();
            self.inbox = None;
            // Of a message that has begun it knows whether that is text.
            if self.message.is_none() {
                self.assembly = Assembly::default();
            }
        }
    }

    /// From here on only control frames are wanted: a message that comes in pieces is not put
    /// together any more, so that a peer cannot make us hold it. Items of messages mean nothing.
    pub(crate) fn skim(&mut self) {
        self.skimming = true;
        if self.message.is_some() {
            self.assembly = Assembly::default();
        }
    }

    /// Bytes held: the message under assembly, and what is not read as frames yet.
    pub fn buffered(&self) -> usize {
        self.assembled() + self.unread()
    }

    /// Bytes that are not read as frames yet.
    fn unread(&self) -> usize {
        self.room.unread() + self.inbox.as_ref().map_or(0, |inbox| inbox.weight())
    }

    /// Bytes of the message under assembly.
    fn assembled(&self) -> usize {
        self.message.map_or(0, |_| self.assembly.len())
    }

    /// Bytes of memory held: the buffer, and what compression needs.
    pub fn capacity(&self) -> usize {
        let inflation = self.inflation.as_ref().map_or(0, |inflation| inflation.memory());
        let inbox = self.inbox.as_ref().map_or(0, |inbox| inbox.capacity());
        self.room.bytes.capacity() + self.assembly.capacity() + inflation + inbox
    }

    /// Reads up to the next event and describes it. The description is good until the next call
    /// of `advance`, `handle_bytes`, `space` or `release`.
    ///
    /// The first of two steps: it lends nothing, so that a machine around the reader may loop.
    #[inline]
    pub(crate) fn advance(&mut self, pool: Option<&mut DeflatePool>) -> Option<Item> {
        if let Some(inbox) = &mut self.inbox
            && let Some(next) = inbox.next(self.role)
        {
            return Some(self.came_whole(next));
        }
        if self.room.unread() == 0 {
            self.drained();
            return None;
        }
        if let Some(item) = self.whole_message() {
            return Some(item);
        }
        match self.read().and_then(|item| self.inflated(item, pool)) {
            Ok(item) => {
                if item.is_none() && self.room.unread() == 0 {
                    self.drained();
                }
                item
            }
            Err(error) => {
                self.stop();
                Some(Item::new(ItemKind::Failed(error), 0..0))
            }
        }
    }

    /// What a transport has put together.
    fn came_whole(&mut self, next: Next) -> Item {
        match next {
            Next::Message(MessageKind::Text, range) => Item::whole(ItemKind::Text, range),
            Next::Message(MessageKind::Binary, range) => Item::whole(ItemKind::Binary, range),
            Next::Close(range) => {
                self.stop();
                let item = Item::whole(ItemKind::Close, range);
                match parse_close(self.bytes(item, None)) {
                    Ok(_) => item,
                    Err(error) => Item::new(ItemKind::Failed(error), 0..0),
                }
            }
            Next::Fault(error) => {
                self.stop();
                Item::new(ItemKind::Failed(error), 0..0)
            }
        }
    }

    /// All that came was read.
    #[inline]
    fn drained(&mut self) {
        if let Some(inbox) = &mut self.inbox {
            inbox.settle(self.config.retain);
        }
        if self.message.is_some() {
            // Payload goes on, or soon will.
            self.room.rewind(0);
        } else if self.room.settle(self.config.retain) {
            self.assembly.settle(self.config.retain);
        }
    }

    /// The text of an [`ItemKind::Text`]. A message of one frame is checked here, in one pass; if
    /// it is not UTF-8 the reader has failed. `pool` is that of [`advance`](Self::advance).
    #[inline]
    pub(crate) fn text<'a>(
        &'a mut self,
        item: Item,
        pool: Option<&'a DeflatePool>,
    ) -> Result<&'a str, FrameError> {
        // Not by a method: the borrow that is returned must leave the other fields free.
        let bytes = match (item.place, &self.inflation) {
            (Place::Inbox, _) => return Ok(inbox::text(&self.inbox, item.range())),
            (Place::Assembly, _) => return Ok(self.assembly.text()),
            (Place::Inflated, Some(inflation)) => inflation.inflated(pool),
            _ => &self.room.bytes[item.range()],
        };
        looked_at(bytes.len());
        match simdutf8::basic::from_utf8(bytes) {
            Ok(text) => Ok(text),
            Err(_) => {
                self.state = State::Stopped;
                self.room.pos = self.room.end;
                Err(FrameError::TextNotUtf8)
            }
        }
    }

    /// The bytes of an item. `pool` is that of [`advance`](Self::advance).
    #[inline]
    pub(crate) fn bytes<'a>(&'a self, item: Item, pool: Option<&'a DeflatePool>) -> &'a [u8] {
        match (item.place, &self.inflation) {
            (Place::Inbox, _) if item.kind == ItemKind::Text => {
                inbox::text(&self.inbox, item.range()).as_bytes()
            }
            (Place::Inbox, _) => inbox::bytes(&self.inbox, item.range()),
            (Place::Assembly, _) => self.assembly.bytes(),
            (Place::Inflated, Some(inflation)) => inflation.inflated(pool),
            _ => &self.room.bytes[item.range()],
        }
    }

    /// What an [`ItemKind::Close`] says.
    pub(crate) fn close(&self, item: Item) -> Option<CloseFrame<'_>> {
        parse_close(self.bytes(item, None)).unwrap_or(None)
    }

    /// Copies bytes into the room that was made for them.
    #[inline]
    fn append(&mut self, bytes: &[u8]) {
        let end = self.room.end + bytes.len();
        self.room.bytes[self.room.end..end].copy_from_slice(bytes);
        self.room.end = end;
    }

    fn admit(&self, more: usize) -> Result<(), NotDrained> {
        let waiting = self.unread();
        let bound = self.config.max_frame.saturating_add(BACKLOG);
        if waiting.saturating_add(more) > bound {
            return Err(NotDrained { waiting, more, bound });
        }
        Ok(())
    }

    /// The fast path: an unfragmented message that is here whole. It is unmasked in one pass and
    /// stays where it is. Whatever else there is, faults too, is left to [`Self::read`].
    #[inline]
    fn whole_message(&mut self) -> Option<Item> {
        let room = &mut self.room;
        let unread = &mut room.bytes[room.pos..room.end];
        let [first, second, ..] = *unread else { return None };
        let kind = match first {
            0x81 => ItemKind::Text,
            0x82 => ItemKind::Binary,
            _ => return None,
        };
        let masked = second & 0x80 != 0;
        if self.message.is_some() || masked != (self.role == Role::Server) {
            return None;
        }
        let (mut head, length) = match second & 0x7f {
            126 => {
                let length = u16::from_be_bytes([*unread.get(2)?, *unread.get(3)?]);
                (4, if length < 126 { return None } else { usize::from(length) })
            }
            127 => match parse_length(unread) {
                Ok(Some((head, length))) => (head, usize::try_from(length).ok()?),
                _ => return None,
            },
            length => (2, usize::from(length)),
        };
        if length > self.config.max_frame || length > self.config.max_message {
            return None;
        }
        let mut key = None;
        if masked {
            key = Some(*unread.get(head..)?.first_chunk()?);
            head += 4;
        }
        let payload = unread.get_mut(head..)?.get_mut(..length)?;
        if let Some(key) = key {
            mask::apply(payload, key);
        }
        let start = room.pos + head;
        room.pos = start + length;
        Some(Item::new(kind, start..room.pos))
    }

    /// Reads everything, a part of a frame at a time.
    fn read(&mut self) -> Result<Option<Item>, FrameError> {
        while self.state == State::Reading {
            if let Some(frame) = self.frame {
                let item = self.read_payload(frame)?;
                if item.is_some() || self.frame.is_some() {
                    return Ok(item);
                }
                continue;
            }
            let Some(parsed) = self.parse()? else { break };
            if parsed.opcode.is_control() {
                let Some(item) = self.read_control(&parsed)? else { break };
                return Ok(Some(item));
            }
            self.begin_frame(&parsed);
        }
        Ok(None)
    }

    /// Reads the head of the next frame, if it is here whole, without taking it.
    fn parse(&self) -> Result<Option<Parsed>, FrameError> {
        let unread = &self.room.bytes[self.room.pos..self.room.end];
        looked_at(unread.len().min(14));
        let [first, second, ..] = *unread else { return Ok(None) };
        let (opcode, fin) = parse_start(first, second, self.role, self.inflation.is_some())?;
        if !opcode.is_control() {
            self.check_order(opcode)?;
        }
        let Some((mut head, length)) = parse_length(unread)? else { return Ok(None) };
        if !opcode.is_control() {
            self.config.check_size(length, self.assembled())?;
        }
        let mut key = [0; 4];
        if self.role == Role::Server {
            let Some(found) = unread.get(head..head + 4).and_then(|key| key.first_chunk()) else {
                return Ok(None);
            };
            key = *found;
            head += 4;
        }
        let compressed = first & 0x40 != 0;
        // At most 125 in a control frame, and within `max_frame` elsewhere, so it fits.
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        Ok(Some(Parsed { opcode, fin, compressed, head, length, key }))
    }

    fn check_order(&self, opcode: Opcode) -> Result<(), FrameError> {
        match (opcode, self.message) {
            (Opcode::Continuation, None) => Err(FrameError::ContinuationUnexpected),
            (Opcode::Text | Opcode::Binary, Some(_)) => Err(FrameError::MessageInterleaved),
            (Opcode::Continuation, Some(_)) => {
                let limit = self.config.fragments(self.assembled());
                let more = self.fragments < limit;
                if more { Ok(()) } else { Err(FrameError::TooManyFragments { limit }) }
            }
            _ => Ok(()),
        }
    }

    /// Takes a control frame, once it is here whole.
    fn read_control(&mut self, parsed: &Parsed) -> Result<Option<Item>, FrameError> {
        let start = self.room.pos + parsed.head;
        let end = start + parsed.length;
        if end > self.room.end {
            return Ok(None);
        }
        mask::apply(&mut self.room.bytes[start..end], parsed.key);
        self.room.pos = end;
        let kind = match parsed.opcode {
            Opcode::Ping => ItemKind::Ping,
            Opcode::Pong => ItemKind::Pong,
            _ => {
                parse_close(&self.room.bytes[start..end])?;
                self.stop();
                ItemKind::Close
            }
        };
        Ok(Some(Item::new(kind, start..end)))
    }

    fn begin_frame(&mut self, parsed: &Parsed) {
        self.room.pos += parsed.head;
        if parsed.opcode != Opcode::Continuation {
            self.fragments = 0;
            self.compressed = parsed.compressed;
            let text = parsed.opcode == Opcode::Text;
            self.assembly.begin(text && !parsed.compressed);
            self.message = Some(if text { MessageKind::Text } else { MessageKind::Binary });
        }
        self.fragments += 1;
        self.frame = Some(Frame { left: parsed.length, key: parsed.key, fin: parsed.fin });
    }

    /// Takes what is here of the payload of a data frame.
    fn read_payload(&mut self, mut frame: Frame) -> Result<Option<Item>, FrameError> {
        let room = &mut self.room;
        let here = frame.left.min(room.unread());
        looked_at(here);
        // Piece by piece, so that each pass finds the bytes in the nearest cache.
        let payload = &mut room.bytes[room.pos..room.pos + here];
        let (mut unmasked, mut taken) = (0, 0);
        while unmasked < here {
            let end = here.min(unmasked + PIECE);
            mask::apply(&mut payload[unmasked..end], frame.key);
            unmasked = end;
            if !self.skimming {
                taken += self.assembly.push(&payload[taken..end], end < here)?;
            }
        }
        room.pos += here;
        frame.left -= here;
        frame.key = mask::advance(frame.key, here);
        self.frame = (frame.left > 0).then_some(frame);
        if frame.left > 0 || !frame.fin {
            return Ok(None);
        }
        self.assembly.end()?;
        Ok(Some(Item::assembled(match self.message.take() {
            Some(MessageKind::Text) => ItemKind::Text,
            _ => ItemKind::Binary,
        })))
    }

    /// Inflates a compressed message, once it is here whole.
    fn inflated(
        &mut self,
        item: Option<Item>,
        pool: Option<&mut DeflatePool>,
    ) -> Result<Option<Item>, FrameError> {
        let Some(mut item) = item else { return Ok(None) };
        let message = matches!(item.kind, ItemKind::Text | ItemKind::Binary);
        if message
            && core::mem::take(&mut self.compressed)
            && !self.skimming
            && let Some(inflation) = &mut self.inflation
        {
            inflation.inflate(self.assembly.bytes(), self.config.max_message, pool)?;
            item.place = Place::Inflated;
        }
        Ok(Some(item))
    }

    /// Reads nothing any more and forgets what is there.
    fn stop(&mut self) {
        self.state = State::Stopped;
        self.message = None;
        self.frame = None;
        self.room.pos = self.room.end;
        if let Some(inbox) = &mut self.inbox {
            inbox.stop();
        }
    }
}

/// Unread bytes that may wait beside one longest frame: a generous read of a socket.
const BACKLOG: usize = 64 * 1024;
/// The longest head of a frame.
const HEAD: usize = 14;
/// Bytes that are unmasked, checked and moved at once; a multiple of four, as the key is.
const PIECE: usize = 2048;

/// The longest read that is asked for on account of a large message.
const LARGE: usize = 32 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reading,
    Stopped,
}

#[derive(Clone, Copy, Debug)]
struct Frame {
    /// Bytes of payload that have not arrived.
    left: usize,
    /// The mask key as it applies to the next of them.
    key: [u8; 4],
    fin: bool,
}
