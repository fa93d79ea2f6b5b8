//! A long list of contacts and the directory that knows some of them, the same in every run: what benches import.

use std::io::{self, Write};

/// Rows of the list of performance figures.
pub const ROWS: u64 = 1_000_000;

/// Writes a list of so many contacts: some 216 bytes a row, 3 % of the rows deliberately bad, a newline within
/// quotes in 21 %, phones of many countries in many styles.
///
/// # Errors
/// Where it cannot be written.
pub fn contacts(out: &mut impl Write, rows: u64) -> io::Result<()> {
    writeln!(out, "Name,E-mail,Phone,Website,Country,Job title,Address,Note")?;
    let mut dice = Dice(0x5EED_0FA1);
    (0..rows).try_for_each(|row| contact(out, row, &mut dice))
}

/// Writes the directory: three accounts in ten are contacts of a list of as many rows.
///
/// # Errors
/// Where it cannot be written.
pub fn accounts(out: &mut impl Write, rows: u64) -> io::Result<()> {
    writeln!(out, "account_id,name,email,website,phone,document,region,activity,created_at,partner_of")?;
    let mut dice = Dice(0xACC0_0175);
    for row in 0..rows {
        let email = if row % 10 < 3 {
            address(row)
        } else {
            format!("hello.{row}@partner-{:05}.example", row % 50_000)
        };
        let partner_of = ["", "", "acme", "other", "acme|other"][dice.below(5) as usize];
        let (activity, year, month) = (dice.below(1_000), 2005 + dice.below(20), 1 + dice.below(12));
        writeln!(out, "A{row:08},Partner {row},{email},,,,BR,{activity},{year}-{month:02}-01,{partner_of}")?;
    }
    Ok(())
}

fn address(row: u64) -> String {
    // A step that is prime to any round number of rows spreads neighbours over the alphabet.
    let spread = row.wrapping_mul(2_654_435_761) % 4_294_967_296;
    format!("contact.{spread:010}@company-{:05}.example", row % 40_000)
}

fn contact(out: &mut impl Write, row: u64, dice: &mut Dice) -> io::Result<()> {
    const FIRST: [&str; 8] = ["Ana", "João", "Márcia", "Wolfgang", "Geneviève", "Iñigo", "Charlotte", "Bo"];
    const LAST: [&str; 8] =
        ["Souza", "Pereira da Silva", "Müller", "Lefèvre", "Núñez", "Okonkwo", "Li", "Smith-Jones"];
    const TITLE: [&str; 4] =
        ["Head of Partnerships", "Account Manager", "Diretora Comercial", "Geschäftsführer"];
    const CITY: [&str; 5] = ["São Paulo", "Lisboa", "Köln", "Lyon", "Bristol"];
    let (first, last, title, city) =
        (dice.pick(&FIRST), dice.pick(&LAST), dice.pick(&TITLE), dice.pick(&CITY));
    let mut email = address(row);
    let mut phone = phone(dice);
    match dice.below(100) {
        0 => email = email.replace('@', " at "),
        1 => phone.truncate(5),
        2 => email.push_str("..."),
        _ => {}
    }
    let note = match dice.below(100) {
        0..21 => "\"Met at the spring fair in hall seven,\nwants a call back after the holidays\"",
        21..30 => "\"Says \"\"call me\"\" after the holidays, prefers the morning\"",
        30..90 => "Came by the form of the website and asks for prices and terms",
        _ => "",
    };
    let site = dice.below(40_000);
    let number = dice.below(9_000);
    writeln!(
        out,
        "{first} {last},{email},{phone},https://www.site-{site:05}.example,BR,{title},\"Rua das Flores {number}, {city}\",{note}",
    )
}

fn phone(dice: &mut Dice) -> String {
    let (a, b, c) = (dice.below(10_000), dice.below(10_000), dice.below(1_000));
    match dice.below(8) {
        0 => format!("+55 11 9{a:04}-{b:04}"),
        1 => format!("(21) 9{a:04}-{b:04}"),
        2 => format!("+49 30 {a:04}{b:04}"),
        3 => format!("+33 6 12 {:02} {:02} {:02}", a % 100, b % 100, c % 100),
        4 => format!("+34 612 {c:03} {:03}", a % 1_000),
        5 => format!("+1 415-2{:02}-{b:04}", a % 100),
        6 => format!("0055 11 9{a:04}{b:04}"),
        _ => format!("+44 7911 {:06}", a * 100 + b % 100),
    }
}

/// A small generator of numbers, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % sides
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len() as u64) as usize]
    }
}
