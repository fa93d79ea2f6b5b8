use super::*;
use crate::store::schema;

fn tables() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(schema::TABLES).unwrap();
    connection.execute_batch(schema::VIEWS).unwrap();
    connection
}

fn contact(seq: i64, pool: i64, import: i64, bytes: usize) -> StoredContact {
    let groups = match seq % 3 {
        0 => BTreeMap::from([("a\"],[\n\u{e9}".to_owned(), 1), ("vip".to_owned(), import)]),
        _ => BTreeMap::new(),
    };
    StoredContact {
        seq,
        pool,
        contact_id: ContactId::derive("acme", "leads", &seq.to_string()),
        import,
        row: seq.cast_unsigned() * 7,
        record: (seq % 10 != 4).then(|| format!("{{\"n\":\"\\n],\\\"{}\"}}", "x".repeat(bytes))),
        groups,
    }
}

fn told(contact: &StoredContact) -> String {
    format!("{contact:?}")
}

fn all(connection: &Connection, after: i64) -> Vec<String> {
    let mut all = Vec::new();
    each_after(connection, after, |line| {
        all.push(told(&line.to_contact()?));
        Ok(true)
    })
    .unwrap();
    all
}

/// Contacts of two pools, with gaps between them, in blocks.
fn filled(connection: &Connection) -> BTreeMap<i64, StoredContact> {
    let mut model = BTreeMap::new();
    for (pool, seqs) in [(1, 1..200), (2, 200..203), (1, 210..300), (2, 300..301)] {
        let mut append = Appender::new(connection, pool, 5);
        for seq in seqs.filter(|seq| seq % 50 != 7) {
            let contact = contact(seq, pool, 5, seq as usize * 37 % 900);
            let groups = Some(&contact.groups).filter(|groups| !groups.is_empty());
            let groups = groups.map(|groups| serde_json::to_string(groups).unwrap());
            let known = (&contact.contact_id, contact.row);
            append.push(seq, known, groups.as_deref(), contact.record.as_deref()).unwrap();
            model.insert(seq, contact);
        }
        append.flush().unwrap();
    }
    model
}

fn check(connection: &Connection, model: &BTreeMap<i64, StoredContact>) {
    let wanted: Vec<String> = model.values().map(told).collect();
    assert_eq!(all(connection, 0), wanted);
    assert_eq!(all(connection, 150), model.range(151..).map(|one| told(one.1)).collect::<Vec<_>>());
    let mut blocks = Blocks::new(connection);
    for seq in [301, 0, 7].into_iter().chain((1..302).rev()) {
        let line = blocks.line(seq).unwrap().map(|line| told(&line.to_contact().unwrap()));
        assert_eq!(line, model.get(&seq).map(told), "{seq}");
    }
    // Several contacts never need more than a page, so that none of their bytes stays in a page that was freed.
    let longest = "SELECT max(length(CAST(lines AS BLOB))) FROM contact_blocks WHERE instr(lines, char(10))";
    let longest: i64 = connection.query_row(longest, [], |row| row.get(0)).unwrap();
    assert!((1..=FULL).contains(&(longest as usize)), "{longest}");
}

#[test]
fn contacts_are_read_as_they_were_appended_changed_and_removed() {
    let connection = tables();
    let mut model = filled(&connection);
    check(&connection, &model);
    assert_eq!(last_seq(&connection).unwrap(), 300);
    for (round, bytes) in [3, 1_200, 0, 20_000, 80].into_iter().enumerate() {
        let seqs: Vec<i64> = model.keys().copied().filter(|seq| (seq * 31 + round as i64) % 7 < 2).collect();
        let mut blocks = Blocks::new(&connection);
        for seq in &seqs {
            let bytes = if bytes < 10_000 || seq % 90 == 0 { bytes } else { 9 };
            let changed =
                StoredContact { row: 1, ..contact(*seq, model[seq].pool, 9 - 4 * (seq % 2), bytes) };
            blocks.put(&changed).unwrap();
            model.insert(*seq, changed);
            if seq % 11 == 0 {
                blocks.remove(*seq).unwrap();
                model.remove(seq);
            }
        }
        blocks.finish().unwrap();
        check(&connection, &model);
    }
    let gone = |seq: i64| seq < 250;
    let removed = [0..100, 100..400]
        .map(|range| remove_where(&connection, 1, range, |line| gone(line.seq) && line.import == 5).unwrap());
    let before = model.len();
    model.retain(|seq, contact| !(contact.pool == 1 && gone(*seq) && contact.import == 5));
    assert_eq!(removed.iter().sum::<u64>() as usize, before - model.len());
    check(&connection, &model);
}

#[test]
fn contacts_now_shows_what_is_stored() {
    let connection = tables();
    let model = filled(&connection);
    let mut blocks = Blocks::new(&connection);
    for seq in [20, 60] {
        blocks.put(&StoredContact { import: 6, ..model[&seq].clone() }).unwrap();
    }
    blocks.remove(21).unwrap();
    blocks.finish().unwrap();
    let names = "INSERT INTO pools (number, program, pool, floor) VALUES (1, 'acme', 'leads', ''), (2, 'acme', 'b', 'import-6');
        INSERT INTO stamps VALUES (1, 'import-1'), (5, 'import-5'), (6, 'import-6')";
    connection.execute_batch(names).unwrap();
    let mut read = connection
        .prepare("SELECT contact_id, import_id, row, record, groups FROM contacts_now WHERE pool = 'leads'")
        .unwrap();
    let shown = read.query_map([], |row| {
        let texts = (row.get::<_, String>(0)?, row.get::<_, String>(1)?, row.get::<_, i64>(2)?);
        Ok((texts, row.get::<_, String>(3)?, row.get::<_, Option<String>>(4)?))
    });
    let shown: Vec<_> = shown.unwrap().map(Result::unwrap).collect();
    let here = model.values().filter(|one| one.pool == 1 && one.record.is_some() && one.seq != 21);
    let wanted: Vec<_> = here
        .map(|one| {
            let import = if [20, 60].contains(&one.seq) { "import-6" } else { "import-5" };
            let groups = (!one.groups.is_empty()).then(|| serde_json::to_string(&one.groups).unwrap());
            let texts = (one.contact_id.to_string(), import.to_owned(), one.row.cast_signed());
            (texts, one.record.clone().unwrap(), groups)
        })
        .collect();
    assert_eq!(shown, wanted);
    let count = |view: &str| -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {view}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count("contacts_now WHERE pool = 'b'"), 0);
    let groups: usize =
        model.values().filter(|one| one.pool == 1 && one.record.is_some()).map(|one| one.groups.len()).sum();
    assert_eq!(count("memberships_now") as usize, groups - model[&21].groups.len());
}

#[test]
fn rows_of_version_2_become_blocks() {
    let connection = tables();
    connection
        .execute_batch(
            "CREATE TABLE contacts (seq INTEGER PRIMARY KEY, pool INTEGER NOT NULL, contact_id TEXT NOT NULL,
                import INTEGER NOT NULL, row INTEGER NOT NULL, record TEXT, groups TEXT)",
        )
        .unwrap();
    let mut wanted = Vec::new();
    for seq in (1..500).filter(|seq| seq % 13 != 0) {
        let one = contact(seq, 1 + seq / 200, 5 + seq % 2, seq as usize % 700);
        let groups = (!one.groups.is_empty()).then(|| serde_json::to_string(&one.groups).unwrap());
        let id = one.contact_id.to_string();
        let row = params![seq, one.pool, id, one.import, one.row.cast_signed(), one.record, groups];
        connection.execute("INSERT INTO contacts VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", row).unwrap();
        wanted.push(told(&one));
    }
    take_over_rows(&connection).unwrap();
    assert_eq!(all(&connection, 0), wanted);
}

#[test]
fn a_damaged_line_is_said() {
    let connection = tables();
    filled(&connection);
    connection.execute("UPDATE contact_blocks SET lines = replace(lines, '[\"', '[')", []).unwrap();
    let error = Blocks::new(&connection).line(9).unwrap_err();
    assert!(error.to_string().contains("line 9 of the contacts is damaged"), "{error}");
}
