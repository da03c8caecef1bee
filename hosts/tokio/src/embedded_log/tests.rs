#[path = "../../../../core/tests/log_vectors.rs"]
mod log_vectors;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pamlink::delivery::stream::{
    Answer, End, EntryError, Generation, MemoryLog, Request, StreamKey,
};
use pamlink::envelope::v1::{How, Name, Position};
use pamlink::time::{Mono, Wall};
use rusqlite::Connection;

use self::log_vectors::Log;
use super::*;

/// A folder of a test's own, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pamlink-log-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    fn file(&self) -> PathBuf {
        self.0.join("streams.log")
    }

    fn open(&self) -> Result<EmbeddedLog, EmbeddedLogError> {
        EmbeddedLog::open_at(&self.file(), LogConfig::default(), at(0))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn at(millis: u64) -> Now {
    let since = Duration::from_millis(millis);
    Now::new(Mono::ZERO + since, Wall::from_unix_secs(1_772_337_906) + since)
}

fn key(name: &str) -> StreamKey {
    StreamKey::new("ann", &Name::new(name.to_owned()).unwrap())
}

const LEASE: Duration = Duration::from_secs(30);

fn claim(number: u64) -> Request {
    Request::ClaimEffect { of: Position::new(Epoch::from_bits(1), number), lease: LEASE }
}

fn append(sequence: u64, offset: u64, text: &str) -> Request {
    let generation = Generation::from_number(1);
    Request::Append { generation, sequence, offset, text: text.into() }
}

fn one(
    log: &mut EmbeddedLog,
    now: Now,
    key: &StreamKey,
    request: Request,
) -> Result<Answer, EmbeddedLogError> {
    let request = LogRequest::new(1, key.clone(), request);
    let mut answers = log.handle_requests(now, [&request].into_iter())?;
    assert_eq!(answers.len(), 1);
    Ok(answers.remove(0).answer)
}

/// A log with a file of its own, which is opened for each request or once.
struct InFile {
    folder: Folder,
    config: LogConfig,
    epoch: Epoch,
    log: Option<EmbeddedLog>,
    opens_again: bool,
}

impl InFile {
    fn new(config: LogConfig, epoch: Epoch, opens_again: bool) -> Self {
        Self { folder: Folder::new(), config, epoch, log: None, opens_again }
    }
}

impl Log for InFile {
    fn answer(&mut self, now: Now, request: LogRequest) -> LogAnswer {
        // Each process has a monotonic clock of its own, and this one stands still.
        let now = if self.opens_again { Now::new(Mono::from_millis(7), now.wall) } else { now };
        let mut log = self.log.take().unwrap_or_else(|| {
            EmbeddedLog::open_at(&self.folder.file(), self.config, now).unwrap()
        });
        let answer = log.handle_requests(now, [&request].into_iter()).unwrap().remove(0);
        assert_eq!(answer.epoch, log.epoch());
        self.log = Some(log).filter(|_| !self.opens_again);
        LogAnswer::new(answer.id, self.epoch, answer.answer)
    }
}

#[test]
fn it_answers_as_the_vectors_say() {
    let ran = log_vectors::run(|config, epoch| InFile::new(config, epoch, false));
    assert!(ran >= 150, "{ran} steps");
}

#[test]
fn it_answers_as_the_vectors_say_when_it_is_opened_for_each_step() {
    let ran = log_vectors::run(|config, epoch| InFile::new(config, epoch, true));
    assert!(ran >= 150, "{ran} steps");
}

/// Numbers that look drawn, the same in every run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % end
    }
}

#[test]
fn it_answers_as_the_log_in_memory_does_however_often_it_is_opened() {
    let mut config = LogConfig::default();
    (config.owner_streams, config.stream_bytes) = (3, 16_384);
    for seed in 0..6 {
        let mut drawn = Drawn(seed);
        let folder = Folder::new();
        let mut log = EmbeddedLog::open_at(&folder.file(), config, at(0)).unwrap();
        let mut memory = MemoryLog::new(config, log.epoch());
        let (mut millis, mut opened, mut ends) = (0, 0, Vec::new());
        for id in 0..300 {
            millis += drawn.below(3_000);
            if drawn.below(10) == 0 {
                drop(log);
                log = EmbeddedLog::open_at(&folder.file(), config, at(millis)).unwrap();
                opened += 1;
            }
            let key = key(&format!("q-{}", drawn.below(5)));
            let status = memory
                .handle_request(at(millis), &LogRequest::new(0, key.clone(), Request::Status));
            let offset = match status.answer {
                Answer::Status(status) => status.offset,
                _ => 0,
            };
            let generation = Generation::from_number(drawn.below(2) + 1);
            let request = match drawn.below(16) {
                0..2 => claim(drawn.below(3)),
                2..4 => Request::ClaimProducer { lease: LEASE },
                4 => Request::Renew { generation, lease: LEASE },
                5 => Request::Finish { by: Some(generation), end: End::new(How::Done).into() },
                6 => Request::Discard,
                7 => Request::ReadAfter { sequence: drawn.below(9), most: 65_536 },
                8 => Request::Status,
                _ => {
                    let text = "liter ".repeat(1 + drawn.below(900) as usize).into();
                    let offset = offset.saturating_sub(drawn.below(12).saturating_sub(9));
                    Request::Append { generation, sequence: drawn.below(6), offset, text }
                }
            };
            let request = LogRequest::new(id, key, request);
            let expected = memory.handle_request(at(millis), &request);
            let found = log.handle_requests(at(millis), [&request].into_iter()).unwrap();
            assert_eq!(found, [expected], "seed {seed}, {request:?}");
            ends.push(matches!(found[0].answer, Answer::Refused(_)));
        }
        let refused = ends.iter().filter(|refused| **refused).count();
        assert!(opened > 10 && refused < 280, "{opened} times opened, {refused} refused");
    }
}

#[test]
fn what_nobody_ends_after_its_process_leaves_the_file() {
    let folder = Folder::new();
    let mut log = folder.open().unwrap();
    one(&mut log, at(0), &key("q-1"), claim(1)).unwrap();
    drop(log);
    let mut log = folder.open().unwrap();
    let lapse = (LEASE + LogConfig::default().keep).as_millis() as u64;
    log.handle_timeout(at(lapse - 1)).unwrap();
    assert_eq!(log.streams(), 1);
    log.handle_timeout(at(lapse)).unwrap();
    assert_eq!(log.streams(), 0);
    drop(log);
    assert_eq!(folder.open().unwrap().streams(), 0);
}

#[test]
fn another_cannot_open_it_meanwhile() {
    let folder = Folder::new();
    let first = folder.open().unwrap();
    let (path, epoch) = (folder.file(), first.epoch());
    assert_eq!(folder.open().unwrap_err(), EmbeddedLogError::InUse { path });
    drop(first);
    assert_eq!(folder.open().unwrap().epoch(), epoch, "it stands in the file");
    assert_ne!(Folder::new().open().unwrap().epoch(), epoch, "and is another in every file");
}

#[cfg(unix)]
#[test]
fn its_files_are_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new();
    let mut log = folder.open().unwrap();
    one(&mut log, at(0), &key("q-1"), claim(1)).unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(&folder.0).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["streams.log", "streams.log-wal"]);
}

/// What opening a file says, which stays as it is.
fn refused(folder: &Folder) -> EmbeddedLogError {
    let before = std::fs::read(folder.file()).unwrap();
    let error = folder.open().unwrap_err();
    assert_eq!(std::fs::read(folder.file()).unwrap(), before, "{error}");
    let text = error.to_string();
    assert!(text.starts_with(folder.file().to_str().unwrap()), "{text}");
    error
}

#[test]
fn what_is_no_log_stays_as_it_is() {
    let folder = Folder::new();
    let (file, path) = (folder.file(), folder.file());
    std::fs::write(&file, "dear diary, ".repeat(100)).unwrap();
    assert_eq!(refused(&folder), EmbeddedLogError::NoLog { path: path.clone() });
    std::fs::remove_file(&file).unwrap();
    let other = Connection::open(&file).unwrap();
    other.execute_batch("CREATE TABLE diary (day TEXT)").unwrap();
    drop(other);
    assert_eq!(refused(&folder), EmbeddedLogError::NoLog { path });
}

#[test]
fn a_log_of_a_later_version_stays_as_it_is() {
    let folder = Folder::new();
    drop(folder.open().unwrap());
    let other = Connection::open(folder.file()).unwrap();
    other.pragma_update(None, "user_version", 2).unwrap();
    drop(other);
    let path = folder.file();
    assert_eq!(refused(&folder), EmbeddedLogError::Version { path, version: 2 });
}

#[test]
fn a_broken_log_stays_as_it_is() {
    let folder = Folder::new();
    let mut log = folder.open().unwrap();
    for name in ["q-1", "q-2"] {
        one(&mut log, at(0), &key(name), claim(1)).unwrap();
    }
    drop(log);
    let other = Connection::open(folder.file()).unwrap();
    other
        .execute(
            "UPDATE entries SET entry = substr(entry, 1, length(entry) - 1) WHERE name = 'q-2'",
            [],
        )
        .unwrap();
    drop(other);
    let (path, row) = (folder.file(), 2);
    let (owner, name) = ("ann".to_owned(), "q-2".to_owned());
    let why = EntryError::Damaged;
    assert_eq!(refused(&folder), EmbeddedLogError::Entry { path, owner, name, row, why });

    // The root of the table, which is on the third page.
    let mut bytes = std::fs::read(folder.file()).unwrap();
    bytes[2 * 4096..3 * 4096].fill(0xab);
    std::fs::write(folder.file(), bytes).unwrap();
    let error = refused(&folder);
    assert!(matches!(&error, EmbeddedLogError::Failed { .. }), "{error}");
}

#[test]
fn a_file_that_cannot_be_made_is_named() {
    let folder = Folder::new();
    std::fs::create_dir(folder.file()).unwrap();
    let error = folder.open().unwrap_err();
    assert!(error.to_string().contains("streams.log"), "{error}");
    let missing = folder.0.join("none/streams.log");
    let error = EmbeddedLog::open(&missing, LogConfig::default()).unwrap_err();
    assert!(matches!(&error, EmbeddedLogError::Failed { path, .. } if *path == missing), "{error}");
}

#[test]
fn what_is_not_stored_was_not_said() {
    let folder = Folder::new();
    let mut log = folder.open().unwrap();
    let key = key("q-1");
    one(&mut log, at(0), &key, claim(1)).unwrap();
    one(&mut log, at(0), &key, Request::ClaimProducer { lease: LEASE }).unwrap();
    one(&mut log, at(0), &key, append(0, 0, "40 ")).unwrap();
    // The disk is full.
    log.file.limit_pages(1);
    let long = "liters".repeat(2_000);
    for _ in 0..2 {
        let error = one(&mut log, at(0), &key, append(1, 3, &long)).unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
    }
    // What changes nothing is still answered, and from the file.
    let Answer::Status(status) = one(&mut log, at(0), &key, Request::Status).unwrap() else {
        panic!("it is there")
    };
    assert_eq!(status.offset, 3);
    log.file.limit_pages(1_000_000);
    let answer = one(&mut log, at(0), &key, append(1, 3, &long)).unwrap();
    assert_eq!(answer, Answer::Appended { sequence: 2, offset: 12_003 });
}

#[test]
fn its_file_does_not_grow_without_end() {
    let folder = Folder::new();
    let mut config = LogConfig::default();
    (config.stream_bytes, config.keep) = (16_384, Duration::from_secs(1));
    let mut log = EmbeddedLog::open_at(&folder.file(), config, at(0)).unwrap();
    let size = || {
        let files = std::fs::read_dir(&folder.0).unwrap();
        files.map(|file| file.unwrap().metadata().unwrap().len()).sum::<u64>()
    };
    let mut largest = 0;
    let text = "l".repeat(4_000);
    for number in 0..20 {
        let (key, now) = (key(&format!("q-{number}")), at(number * 2_000));
        one(&mut log, now, &key, claim(number)).unwrap();
        one(&mut log, now, &key, Request::ClaimProducer { lease: LEASE }).unwrap();
        for sequence in 0..60 {
            one(&mut log, now, &key, append(sequence, 4_000 * sequence, &text)).unwrap();
        }
        one(&mut log, now, &key, Request::Finish { by: None, end: End::new(How::Done).into() })
            .unwrap();
        assert_eq!(log.streams(), 1);
        drop(log);
        log = EmbeddedLog::open_at(&folder.file(), config, now).unwrap();
        if number == 1 {
            largest = size();
        }
    }
    let size = size();
    assert!(size <= largest && size < 400_000, "{largest} bytes, then {size}");
}
