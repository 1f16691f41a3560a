use sqlx::error::BoxDynError;
use sqlx::query::Query;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments as _, AssertSqlSafe, Encode, Sqlite, Type, query_with};

/// Most rows that one statement takes.
const ROWS: usize = 64;

/// Rows of a transaction beyond which its text is not worth keeping prepared.
const KEPT_ROWS: usize = 1_024;

/// A number as SQLite holds it. None of ours comes near 2^63.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A query that can be run.
pub(super) type Wanted = Query<'static, Sqlite, SqliteArguments>;

/// How many rows a statement for `count` rows has: the next power of two. What is missing is
/// filled with NULL rows, which the statements pass over, so that there are few statements to
/// keep prepared, whatever the number of requests that happen to share a commit.
const fn places(count: usize) -> usize {
    count.next_power_of_two()
}

/// `(?,…),(?,…),…`
fn tuples(rows: usize, columns: usize) -> String {
    let row = format!("({})", vec!["?"; columns].join(","));
    vec![row.as_str(); rows].join(",")
}

/// The values of one row, added to a statement in the order of its columns.
pub(super) struct Row<'a> {
    arguments: &'a mut SqliteArguments,
    failed: &'a mut Option<BoxDynError>,
}

impl Row<'_> {
    pub(super) fn add<'t, T: Encode<'t, Sqlite> + Type<Sqlite>>(&mut self, value: T) -> &mut Self {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
        self
    }
}

/// Queries for the rows that belong to `keys`, each of `columns` values: `join` is on
/// `wanted.column1`, …
pub(super) fn by_keys<'k, K>(
    select: &'static str,
    join: &'static str,
    columns: usize,
    keys: &'k [K],
    bind: fn(Wanted, &K) -> Wanted,
) -> impl Iterator<Item = Wanted> + 'k {
    keys.chunks(ROWS).map(move |keys| {
        let wanted = tuples(places(keys.len()), columns);
        // A join runs through the keys one by one; `IN` would build an index of them first.
        let sql = format!("{select} FROM (VALUES {wanted}) AS wanted CROSS JOIN {join}");
        keys.iter().fold(sqlx::query(AssertSqlSafe(sql)), bind)
    })
}

/// Every row about the use of these limits.
pub(super) fn usage_of(limit_keys: &[Vec<u8>]) -> impl Iterator<Item = Wanted> {
    let select = "SELECT u.limit_key, u.bucket, u.amount";
    let join = "usage u ON u.limit_key = wanted.column1";
    by_keys(select, join, 1, limit_keys, |wanted, key| {
        wanted.bind(key.as_slice())
    })
}

/// A script, ready to be run.
pub(super) struct Transaction {
    pub(super) query: Wanted,
    /// Between `BEGIN` and `COMMIT`.
    pub(super) statements: usize,
}

/// The statements of one transaction, in one text.
///
/// A trip to SQLite's thread and back costs as much as writing several rows. So everything
/// travels at once, `BEGIN` and `COMMIT` included.
#[derive(Default)]
pub(super) struct Script {
    statements: Vec<String>,
    arguments: SqliteArguments,
    failed: Option<BoxDynError>,
    rows: usize,
}

impl Script {
    /// `INSERT INTO {table} (…) … {tail}` of all items; the first column is never NULL.
    ///
    /// `OR ROLLBACK`: a taken value ends the transaction at once, so SQLite need not keep what
    /// it would take to undo the one statement.
    pub(super) fn insert<T>(
        &mut self,
        table: &str,
        columns: &[&str],
        tail: &str,
        items: Vec<T>,
        add: fn(&mut Row<'_>, T),
    ) {
        let names = columns.join(",");
        self.chunks(items, add, columns.len(), |places| {
            let values = tuples(places, columns.len());
            // `WHERE` also keeps the parser from taking `ON CONFLICT` for a join's `ON`.
            vec![format!(
                "INSERT OR ROLLBACK INTO {table} ({names}) SELECT * FROM (VALUES {values}) \
                 WHERE column1 IS NOT NULL {tail}"
            )]
        });
    }

    /// `sql` with its `columns` places once per item.
    pub(super) fn each<T>(
        &mut self,
        sql: &str,
        columns: usize,
        items: Vec<T>,
        add: fn(&mut Row<'_>, T),
    ) {
        self.chunks(items, add, columns, |places| vec![sql.to_owned(); places]);
    }

    fn chunks<T>(
        &mut self,
        items: Vec<T>,
        add: fn(&mut Row<'_>, T),
        columns: usize,
        sql: impl Fn(usize) -> Vec<String>,
    ) {
        let mut items = items.into_iter();
        while items.len() > 0 {
            let count = items.len().min(ROWS);
            let places = places(count);
            for item in items.by_ref().take(count) {
                add(&mut self.row(), item);
            }
            for _ in 0..(places - count) * columns {
                self.row().add(None::<i64>);
            }
            self.statements.extend(sql(places));
            self.rows += places;
        }
    }

    fn row(&mut self) -> Row<'_> {
        Row {
            arguments: &mut self.arguments,
            failed: &mut self.failed,
        }
    }

    /// Everything as one transaction; `None` if there is nothing to do.
    pub(super) fn transaction(self) -> Result<Option<Transaction>, sqlx::Error> {
        if let Some(error) = self.failed {
            return Err(sqlx::Error::Encode(error));
        }
        if self.statements.is_empty() {
            return Ok(None);
        }
        let sql = format!("BEGIN IMMEDIATE;{};COMMIT", self.statements.join(";"));
        let query = query_with(AssertSqlSafe(sql), self.arguments);
        Ok(Some(Transaction {
            query: query.persistent(self.rows <= KEPT_ROWS),
            statements: self.statements.len(),
        }))
    }
}
