//! The file of an embedded log: a database of SQLite with two tables.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pamlink::delivery::stream::{Change, EntryError, LogConfig, StoredLog, StreamKey};
use pamlink::envelope::v1::{Epoch, Name};
use pamlink::time::Now;
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, params};

use super::EmbeddedLogError;
use crate::clock;

/// What tells it from other databases: `pamL`.
const APPLICATION: i64 = 0x7061_6d4c;
const VERSION: i64 = 1;

/// What is in a file of this version. The entries of all streams are in the order in which they were
/// stored.
const TABLES: &str = "
    CREATE TABLE log (epoch INTEGER NOT NULL) STRICT;
    CREATE TABLE entries (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL,
        name TEXT NOT NULL,
        entry BLOB NOT NULL
    ) STRICT;
    CREATE INDEX entries_of_stream ON entries (owner, name);
";

/// How a file is written: with the lock of one process for as long as it is open, and each
/// transaction on the disk before it is done.
const MODES: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA journal_size_limit = 16777216;
";

/// An open file.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    database: Connection,
    pub(super) epoch: Epoch,
}

impl File {
    /// Opens it, or makes it where there is none or an empty one.
    pub(super) fn open(path: &Path) -> Result<Self, EmbeddedLogError> {
        make(path).map_err(|error| failed(path, &error.to_string()))?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(path, flags);
        let mut database = opened.map_err(|error| fault(path, &error))?;
        let epoch = prepare(path, &mut database)?;
        Ok(Self { path: path.to_owned(), database, epoch })
    }

    /// The log as it is stored, and of how many streams what is stored does not follow from what is
    /// before it, or does not fit the bounds: they are unknown, and deleted.
    pub(super) fn restore(
        &mut self,
        config: LogConfig,
        now: Now,
    ) -> Result<(StoredLog, usize), EmbeddedLogError> {
        let path = &self.path;
        let mut log = StoredLog::new(config, self.epoch, now);
        let mut left_out = BTreeSet::new();
        let all = "SELECT id, owner, name, entry FROM entries ORDER BY id";
        let all = self.database.prepare_cached(all);
        let mut all = all.map_err(|error| fault(path, &error))?;
        let mut rows = all.query([]).map_err(|error| fault(path, &error))?;
        while let Some(row) = rows.next().map_err(|error| fault(path, &error))? {
            let read = (|| rusqlite::Result::Ok((row.get(0)?, row.get(1)?, row.get(2)?)))();
            let (id, owner, name): (i64, String, String) =
                read.map_err(|error| fault(path, &error))?;
            let entry = row.get_ref(3).map_err(|error| fault(path, &error))?.as_blob();
            let key = Name::new(&*name).map(|name| StreamKey::new(&*owner, &name));
            let taken = match (&key, entry) {
                (Some(key), Ok(entry)) => log.restore(key, entry),
                _ => Err(EntryError::Damaged),
            };
            match (taken, key) {
                (Ok(()), _) => {}
                (Err(EntryError::Misplaced), Some(key)) => drop(left_out.insert(key)),
                (Err(why), _) => {
                    let path = path.clone();
                    return Err(EmbeddedLogError::Entry { path, owner, name, row: id, why });
                }
            }
        }
        drop(rows);
        drop(all);
        self.store(&mut log)?;
        Ok((log, left_out.len()))
    }

    /// Stores what the log has to have stored, all of it or nothing.
    pub(super) fn store(&mut self, log: &mut StoredLog) -> Result<(), EmbeddedLogError> {
        let Some(first) = log.poll_change() else { return Ok(()) };
        let changes = std::iter::once(first).chain(std::iter::from_fn(|| log.poll_change()));
        write(&mut self.database, changes).map_err(|error| fault(&self.path, &error))
    }
}

/// Makes an empty file that is nobody else's to read, where there is none.
fn make(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// The epoch of a log that is there, or of one that is made. What is anything else stays as it is.
fn prepare(path: &Path, database: &mut Connection) -> Result<Epoch, EmbeddedLogError> {
    let number = |database: &Connection, sql: &str| {
        database.query_row(sql, [], |row| row.get::<_, i64>(0)).map_err(|error| fault(path, &error))
    };
    // What another process has open has an end within moments, or none.
    database.busy_timeout(Duration::ZERO).map_err(|error| fault(path, &error))?;
    let application = number(database, "PRAGMA application_id")?;
    let version = number(database, "PRAGMA user_version")?;
    let is_empty = number(database, "SELECT count(*) FROM sqlite_schema")? == 0;
    match (application, version) {
        (0, 0) if is_empty => {}
        (APPLICATION, VERSION) => {}
        (APPLICATION, version) => {
            return Err(EmbeddedLogError::Version { path: path.to_owned(), version });
        }
        _ => return Err(EmbeddedLogError::NoLog { path: path.to_owned() }),
    }
    database.execute_batch(MODES).map_err(|error| fault(path, &error))?;
    if is_empty {
        create(database).map_err(|error| fault(path, &error))?;
    } else {
        // Only what writes has the lock.
        let locked = database.execute_batch("BEGIN IMMEDIATE; COMMIT");
        locked.map_err(|error| fault(path, &error))?;
    }
    let epoch = number(database, "SELECT epoch FROM log")?;
    Ok(Epoch::from_bits(u64::from_le_bytes(epoch.to_le_bytes())))
}

fn create(database: &mut Connection) -> rusqlite::Result<()> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute_batch(TABLES)?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", VERSION)?;
    let [a, b, c, d, e, f, g, h, ..] = clock::entropy();
    let epoch = i64::from_le_bytes([a, b, c, d, e, f, g, h]);
    transaction.execute("INSERT INTO log (epoch) VALUES (?)", [epoch])?;
    transaction.commit()
}

fn write(database: &mut Connection, changes: impl Iterator<Item = Change>) -> rusqlite::Result<()> {
    let transaction = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    for change in changes {
        match change {
            Change::Add { key, entry } => add(&transaction, &key, &entry)?,
            Change::Replace { key, entry } => {
                remove(&transaction, &key)?;
                add(&transaction, &key, &entry)?;
            }
            Change::Remove { key } => remove(&transaction, &key)?,
            other => unreachable!("a change of another kind: {other:?}"),
        }
    }
    transaction.commit()
}

fn add(transaction: &Transaction<'_>, key: &StreamKey, entry: &[u8]) -> rusqlite::Result<()> {
    let add = "INSERT INTO entries (owner, name, entry) VALUES (?, ?, ?)";
    transaction.prepare_cached(add)?.execute(params![&*key.owner, &*key.name, entry])?;
    Ok(())
}

fn remove(transaction: &Transaction<'_>, key: &StreamKey) -> rusqlite::Result<()> {
    let remove = "DELETE FROM entries WHERE owner = ? AND name = ?";
    transaction.prepare_cached(remove)?.execute(params![&*key.owner, &*key.name])?;
    Ok(())
}

/// What SQLite says, as an error of the file.
fn fault(path: &Path, error: &rusqlite::Error) -> EmbeddedLogError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            EmbeddedLogError::InUse { path: path.to_owned() }
        }
        Some(ErrorCode::NotADatabase) => EmbeddedLogError::NoLog { path: path.to_owned() },
        _ => failed(path, &error.to_string()),
    }
}

fn failed(path: &Path, what: &str) -> EmbeddedLogError {
    EmbeddedLogError::Failed { path: path.to_owned(), what: what.to_owned() }
}

#[cfg(test)]
impl File {
    /// How large it may get.
    pub(super) fn limit_pages(&self, pages: u32) {
        let limit = format!("PRAGMA max_page_count = {pages}");
        self.database.query_row(&limit, [], |_| Ok(())).unwrap();
    }
}
