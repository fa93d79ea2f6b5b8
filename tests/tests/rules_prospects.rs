//! Lines IMP-1 to IMP-24: what a program can rely on when it imports prospects.

use rollcall_tests::house::House;

#[expect(dead_code, reason = "the lines that match are to come")]
const ACCOUNTS: &str = "account_id,name,email,website,phone,activity,created_at,partner_of\n\
    a1,Globex,ann@globex.example,https://globex.example,,5,2020-01-01,\n\
    a2,Globex BR,br@globex.example,https://www.globex.example/br,,9,2021-01-01,\n\
    a3,Initech,boss@initech.example,,+5511912345678,1,2019-01-01,other\n";

#[test]
fn imp_01_a_csv_file_of_prospects_is_imported() {
    let house = House::with_acme();
    let imported = house.import("prospects", "Name,E-mail\nAnn,ann@one.example\nBob,bob@two.example\n");
    assert_eq!(imported.status(), "completed");
    assert_eq!(imported.summary.rows.created, 2);
    assert_eq!(house.contacts().len(), 2);
}
