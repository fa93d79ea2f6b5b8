//! Files that are made to cost much: each kind at any size, and a clean one to compare with.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::targets::around;

/// A kind of file: its name, the profile that it is for, and how it is made of about so many bytes.
pub type Kind = (&'static str, &'static str, fn(usize) -> Vec<u8>);

/// A clean list of about so many bytes.
pub fn clean(size: usize) -> Vec<u8> {
    rows("Name,E-mail,Phone,Note\n", size, |row| {
        format!("Somebody {row},somebody.{row}@mail.example,+55 11 9{row:08},a note of no great length\n")
    })
}

/// All kinds.
pub const KINDS: [Kind; 45] = [
    ("line ends", "prospects", |size| repeat(b"\n", size)),
    ("line ends below a header", "prospects", |size| {
        [b"Name,E-mail\n".to_vec(), repeat(b"\n", size)].concat()
    }),
    ("carriage returns", "prospects", |size| repeat(b"\r", size)),
    ("quotes", "prospects", |size| repeat(b"\"", size)),
    ("quotes and delimiters", "prospects", |size| repeat(b"\",", size)),
    ("delimiters", "prospects", |size| repeat(b",", size)),
    ("rows of delimiters", "prospects", |size| rows("Name,E-mail\n", size, |_| ",".repeat(900) + "\n")),
    ("one cell", "prospects", |size| {
        [b"Name,E-mail\nAnn,\"".to_vec(), repeat(b"x", size), b"\"\n".to_vec()].concat()
    }),
    ("doubled quotes", "prospects", |size| {
        rows("Name,E-mail\n", size, |_| format!("\"{}\",a@b.example\n", "\"\"".repeat(9_000)))
    }),
    ("one identity", "prospects", |size| rows("Name,E-mail\n", size, |_| "A,a@b.example\n".to_owned())),
    ("one identity, many groups", "prospects", |size| {
        rows("Name,E-mail,Group\n", size, |row| format!("A,a@b.example,g{row}\n"))
    }),
    ("short rows", "prospects", |size| rows("Name,E-mail\n", size, |_| "x\n".to_owned())),
    ("surplus cells", "prospects", |size| {
        rows("Name,E-mail\n", size, |row| format!("A,a{row}@b.example{}\n", ",=".repeat(200)))
    }),
    ("formulas", "prospects", |size| {
        rows("Name,E-mail,Note\n", size, |row| format!("=1,a{row}@b.example,'''=1+1\n"))
    }),
    ("bytes that are nothing", "prospects", |size| {
        rows("Name,E-mail\n", size, |_| "x".to_owned())
            .iter()
            .map(|byte| if *byte == b'x' { 0xff } else { *byte })
            .collect()
    }),
    ("rows of bytes that are nothing", "prospects", |size| {
        let text = rows("Name,E-mail\n", size, |row| format!("##,a{row}@b.example\n"));
        text.iter().map(|byte| if *byte == b'#' { 0x81 } else { *byte }).collect()
    }),
    ("combining marks", "prospects", |size| {
        rows("Name,E-mail\n", size, |row| format!("a{},a{row}@b.example\n", "\u{301}\u{323}".repeat(4_000)))
    }),
    ("marks in addresses", "prospects", |size| {
        rows("Name,E-mail\n", size, |_| format!("A,a{}@b.example\n", "\u{301}\u{323}".repeat(4_000)))
    }),
    ("labels of domains", "prospects", |size| {
        rows("Name,E-mail\n", size, |_| format!("A,a@{}example\n", "ü.".repeat(8_000)))
    }),
    ("websites", "prospects", |size| {
        rows("Name,E-mail,Website\n", size, |row| {
            format!("A,a{row}@b.example,http://{}/{}\n", "ü-".repeat(5_000), "%".repeat(9_000))
        })
    }),
    ("digits in phones", "prospects", |size| {
        rows("Name,E-mail,Phone\n", size, |row| format!("A,a{row}@b.example,+{}\n", "1".repeat(30_000)))
    }),
    ("short odd phones", "prospects", |size| {
        rows("Name,E-mail,Phone\n", size, |row| format!("A,a{row}@b.example,(0{row}) /-x{row}\n"))
    }),
    ("tags", "accounts", |size| {
        let head = "Customer type,Document type,Document number,First surname,First name,Tags\n";
        rows(head, size, |row| {
            format!("a,b,{row},c,d,\"{}\"\n", (0..6_000).map(|tag| format!("t{tag},")).collect::<String>())
        })
    }),
    ("groups", "prospects", |size| {
        rows("Name,E-mail,Group\n", size, |row| format!("A,a{row}@b.example,{}\n", "a;".repeat(16_000)))
    }),
    ("ten phones", "mailing", |size| {
        let head = "Nome;Telefone 1;Telefone 2;Telefone 3;Telefone 4;Telefone 5;Telefone 6;Telefone 7;Telefone 8;Telefone 9;Telefone 10\n";
        rows(head, size, |row| format!("A{}\n", format!(";1{row}").repeat(10)))
    }),
    ("headers", "prospects", |size| {
        let header = "n".repeat(size / 1_000);
        format!("Name,E-mail{}\nA,a@b.example\n", format!(",{header}").repeat(900)).into_bytes()
    }),
    ("many headers", "prospects", |size| format!("Name,E-mail{}\n", ",x".repeat(size / 2)).into_bytes()),
    ("dates", "mailing", |size| {
        rows("Nome;Telefone 1;Data de agendamento\n", size, |row| {
            format!("A;+55119{row:08};{}\n", "1/".repeat(500))
        })
    }),
    ("spaces", "prospects", |size| {
        rows("Name,E-mail\n", size, |row| format!("{}A,a{row}@b.example\n", " \u{a0}\u{200b}".repeat(5_000)))
    }),
    ("a gzip bomb", "prospects", |size| {
        gzip(&[b"Name,E-mail\n".to_vec(), repeat(b"\n", size * 100)].concat())
    }),
    ("cells of a sheet", "prospects", |size| {
        sheet(&rows("", size * 10, |row| {
            format!("<row r=\"{}\"><c r=\"A{0}\" t=\"b\"><v>1</v></c></row>", row + 1)
        }))
    }),
    ("blank rows of a sheet", "prospects", |size| {
        sheet(&rows("", (size * 20).min(90_000_000), |row| {
            format!("<row r=\"{}\"><c r=\"A{0}\" s=\"1\"/></row>", row + 1)
        }))
    }),
    ("shared strings", "prospects", |size| {
        around(
            "xl/sharedStrings.xml",
            &[
                b"<sst>".to_vec(),
                repeat(b"<si><t>a</t></si>", (size * 20).min(100_000_000)),
                b"</sst>".to_vec(),
            ]
            .concat(),
        )
    }),
    ("tags within tags", "prospects", |size| sheet(&repeat(b"<a>", size * 20))),
    ("cells with a blank type", "prospects", |size| {
        sheet(&rows("", (size * 20).min(60_000_000), |row| {
            format!("<row r=\"{}\"><c r=\"A{0}\" t=\"\"><v>1</v></c></row>", row + 1)
        }))
    }),
    ("a long header, packed", "prospects", |size| {
        gzip(&[b"Name,".to_vec(), repeat(b"x", size * 100), b",E-mail\nA,1,a@b.example\n".to_vec()].concat())
    }),
    ("many headers of their own", "prospects", |size| {
        let headers: String = (0..size / 8).map(|at| format!(",x{at:06}")).collect();
        format!("Name,E-mail{headers}\n").into_bytes()
    }),
    ("bytes at random", "prospects", |size| noise(size, |byte| byte)),
    ("high bytes at random", "prospects", |size| {
        let high = |byte| {
            if byte % 40 == 0 {
                b'\n'
            } else if byte % 9 == 0 {
                b','
            } else {
                byte | 0x80
            }
        };
        [b"Name,E-mail\n".to_vec(), noise(size, high)].concat()
    }),
    ("windows-1251", "prospects", |size| encoded(encoding_rs::WINDOWS_1251, "Иван Петров", size)),
    ("koi8-r", "prospects", |size| encoded(encoding_rs::KOI8_R, "Иван Петров", size)),
    ("Shift_JIS", "prospects", |size| encoded(encoding_rs::SHIFT_JIS, "山田太郎", size)),
    ("GB18030", "prospects", |size| encoded(encoding_rs::GB18030, "王小明", size)),
    ("EUC-KR", "prospects", |size| encoded(encoding_rs::EUC_KR, "김철수", size)),
    ("UTF-16", "prospects", |size| {
        let text = String::from_utf8(clean(size / 2)).unwrap_or_default();
        [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    }),
];

/// Bytes of a fixed seed.
fn noise(size: usize, of: impl Fn(u8) -> u8) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        of((state >> 32) as u8)
    };
    (0..size).map(next).collect()
}

/// A list of people in an older encoding.
fn encoded(encoding: &'static encoding_rs::Encoding, name: &str, size: usize) -> Vec<u8> {
    let (name, _, _) = encoding.encode(name);
    let mut out = b"Name,E-mail\n".to_vec();
    for row in 0.. {
        if out.len() >= size {
            break;
        }
        out.extend_from_slice(&name);
        out.extend_from_slice(format!(",somebody.{row}@mail.example\n").as_bytes());
    }
    out
}

fn repeat(part: &[u8], size: usize) -> Vec<u8> {
    part.repeat(size / part.len())
}

fn rows(header: &str, size: usize, row: impl Fn(usize) -> String) -> Vec<u8> {
    let mut out = header.as_bytes().to_vec();
    for number in 0.. {
        if out.len() >= size {
            break;
        }
        out.extend_from_slice(row(number).as_bytes());
    }
    out
}

fn sheet(data: &[u8]) -> Vec<u8> {
    let around_data = [b"<worksheet><sheetData>", data, b"</sheetData></worksheet>"].concat();
    around("xl/worksheets/sheet1.xml", &around_data)
}

fn gzip(content: &[u8]) -> Vec<u8> {
    // A gzip member around a deflate stream, as a zip archive has one.
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file("a", SimpleFileOptions::default()).unwrap();
    writer.write_all(content).unwrap();
    let packed = writer.finish().unwrap().into_inner();
    let mut archive = zip::ZipArchive::new(Cursor::new(&packed)).unwrap();
    let file = archive.by_index(0).unwrap();
    let (start, len, crc) =
        (file.data_start().unwrap() as usize, file.compressed_size() as usize, file.crc32());
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    out.extend_from_slice(&packed[start..start + len]);
    out.extend_from_slice(&crc.to_le_bytes());
    out.extend_from_slice(&(content.len() as u32).to_le_bytes());
    out
}
