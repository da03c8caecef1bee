//! A second reading of RFC 6455, slow and plain, to hold the reader against.

use super::*;

/// The events of bytes that came at once and whole.
pub(super) fn read(role: Role, config: FrameConfig, mut bytes: &[u8]) -> Vec<Owned> {
    let (mut events, mut message) = (Vec::new(), None);
    loop {
        match frame(role, config, &mut bytes, &mut message) {
            Ok(None) => return events,
            Ok(Some(Some(event))) => {
                let closes = matches!(event, Owned::Close(_));
                events.push(event);
                if closes {
                    return events;
                }
            }
            Ok(Some(None)) => {}
            Err(error) => {
                events.push(Owned::Failed(error));
                return events;
            }
        }
    }
}

/// A message under assembly: whether it is text, its payload, and how many frames it has.
type Message = Option<(bool, Vec<u8>, u32)>;

/// Reads one frame. Nothing, if it is not here whole and cannot be known to be wrong.
fn frame(
    role: Role,
    config: FrameConfig,
    bytes: &mut &[u8],
    message: &mut Message,
) -> Result<Option<Option<Owned>>, FrameError> {
    let &[first, second, ref rest @ ..] = *bytes else { return Ok(None) };
    let (fin, reserved, opcode) = (first >= 0x80, first >> 4 & 7, first & 15);
    let (masked, short) = (second >= 0x80, second & 0x7f);
    if reserved > 0 {
        return Err(FrameError::ReservedBits { bits: reserved });
    }
    if !matches!(opcode, 0..=2 | 8..=10) {
        return Err(FrameError::OpcodeReserved { opcode });
    }
    match role {
        Role::Server if !masked => return Err(FrameError::Unmasked),
        Role::Client if masked => return Err(FrameError::Masked),
        _ => {}
    }
    match (opcode, &message) {
        (8.., _) if !fin => return Err(FrameError::ControlFragmented),
        (8.., _) if short > 125 => return Err(FrameError::ControlTooLong),
        (0, None) => return Err(FrameError::ContinuationUnexpected),
        (1 | 2, Some(_)) => return Err(FrameError::MessageInterleaved),
        (0, Some((_, payload, frames))) => {
            let limit = config.max_fragments + payload.len() as u32 / 64;
            if *frames == limit {
                return Err(FrameError::TooManyFragments { limit });
            }
        }
        _ => {}
    }
    let wide = match short {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    if rest.len() < wide {
        return Ok(None);
    }
    let (long, rest) = rest.split_at(wide);
    let long = long.iter().fold(0_u64, |length, byte| length << 8 | u64::from(*byte));
    let length = if wide == 0 { u64::from(short) } else { long };
    match wide {
        8 if length >= 1 << 63 => return Err(FrameError::LengthTopBit),
        8 if length < 1 << 16 => return Err(FrameError::LengthNotMinimal),
        2 if length < 126 => return Err(FrameError::LengthNotMinimal),
        _ => {}
    }
    let before = message.as_ref().map_or(0, |it| it.1.len());
    if opcode < 8 && length > config.max_frame as u64 {
        return Err(FrameError::FrameTooBig { length, limit: config.max_frame });
    }
    let total = length + before as u64;
    if opcode < 8 && total > config.max_message as u64 {
        return Err(FrameError::MessageTooBig { length: total, limit: config.max_message });
    }
    let (key, rest) = rest.split_at(if masked { 4.min(rest.len()) } else { 0 });
    if masked && key.len() < 4 {
        return Ok(None);
    }
    let here = rest.len().min(usize::try_from(length).unwrap());
    let whole = here as u64 == length;
    let mut payload = rest[..here].to_vec();
    for (at, byte) in payload.iter_mut().enumerate() {
        *byte ^= if masked { key[at % 4] } else { 0 };
    }
    *bytes = &rest[here..];
    if opcode >= 8 {
        return if whole { control(opcode, &payload).map(|it| Some(Some(it))) } else { Ok(None) };
    }
    let open = message.get_or_insert((opcode == 1, Vec::new(), 0));
    open.1.extend(payload);
    open.2 += 1;
    let ends = fin && whole;
    if open.0
        && let Err(error) = core::str::from_utf8(&open.1)
        && (ends || error.error_len().is_some())
    {
        return Err(FrameError::TextNotUtf8);
    }
    if !ends {
        return Ok(whole.then_some(None));
    }
    let event = message.take().map(|(text, payload, _)| match text {
        true => Owned::Text(String::from_utf8(payload).unwrap()),
        false => Owned::Binary(payload),
    });
    Ok(Some(event))
}

fn control(opcode: u8, payload: &[u8]) -> Result<Owned, FrameError> {
    match (opcode, payload) {
        (9, _) => Ok(Owned::Ping(payload.to_vec())),
        (10, _) => Ok(Owned::Pong(payload.to_vec())),
        (_, []) => Ok(Owned::Close(None)),
        (_, [_]) => Err(FrameError::CloseBodyTooShort),
        (_, [high, low, reason @ ..]) => {
            let code = u16::from(*high) << 8 | u16::from(*low);
            if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
                return Err(FrameError::CloseCodeInvalid { code: CloseCode::new(code) });
            }
            let reason = core::str::from_utf8(reason);
            let reason = reason.map_err(|_| FrameError::CloseReasonNotUtf8)?;
            Ok(Owned::Close(Some((code, reason.to_owned()))))
        }
    }
}
