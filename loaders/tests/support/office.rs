//! Packed documents made by hand.

use std::io::{Cursor, Write as _};

use zip::write::{SimpleFileOptions, ZipWriter};

/// A ZIP file of these parts.
pub fn pack(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    for (name, content) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A ZIP file of these texts.
pub fn pack_texts(parts: &[(&str, &str)]) -> Vec<u8> {
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    pack(&parts)
}

const CORE: &str = r#"<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>A &amp; title</dc:title>
<dc:creator>Kim</dc:creator></cp:coreProperties>"#;

/// A Word document with this body.
pub fn docx(body: &str) -> Vec<u8> {
    let document = format!(
        r#"<?xml version="1.0"?><w:document xmlns:w="w" xmlns:r="r"><w:body>{body}</w:body></w:document>"#
    );
    pack_texts(&[
        ("[Content_Types].xml", "<Types/>"),
        ("docProps/core.xml", CORE),
        ("word/document.xml", &document),
        (
            "word/styles.xml",
            r#"<w:styles xmlns:w="w"><w:style w:styleId="berschrift1"><w:name w:val="heading 1"/></w:style>
            <w:style w:styleId="Eigen"><w:pPr><w:outlineLvl w:val="1"/></w:pPr></w:style></w:styles>"#,
        ),
        (
            "word/_rels/document.xml.rels",
            r#"<Relationships><Relationship Id="rId7" Type="http://x/hyperlink" Target="https://example.org/a" TargetMode="External"/></Relationships>"#,
        ),
    ])
}

/// A presentation with the shapes of these slides, the last first in its files.
pub fn pptx(slides: &[&str]) -> Vec<u8> {
    let count = slides.len();
    let mut parts = vec![("docProps/core.xml".to_owned(), CORE.to_owned())];
    let ids: String = (0..count)
        .map(|i| format!(r#"<p:sldId id="{}" r:id="rId{i}"/>"#, 256 + i))
        .collect();
    parts.push((
        "ppt/presentation.xml".to_owned(),
        format!(r#"<p:presentation xmlns:p="p" xmlns:r="r"><p:sldIdLst>{ids}</p:sldIdLst></p:presentation>"#),
    ));
    let rels: String = (0..count)
        .map(|i| {
            format!(
                r#"<Relationship Id="rId{i}" Type="http://x/slide" Target="slides/slide{}.xml"/>"#,
                count - i
            )
        })
        .collect();
    parts.push((
        "ppt/_rels/presentation.xml.rels".to_owned(),
        format!("<Relationships>{rels}</Relationships>"),
    ));
    for (i, slide) in slides.iter().enumerate() {
        parts.push((
            format!("ppt/slides/slide{}.xml", count - i),
            format!(r#"<p:sld xmlns:p="p" xmlns:a="a"><p:cSld><p:spTree>{slide}</p:spTree></p:cSld></p:sld>"#),
        ));
    }
    parts.push((
        format!("ppt/slides/_rels/slide{count}.xml.rels"),
        r#"<Relationships><Relationship Id="rId1" Type="http://x/notesSlide" Target="../notesSlides/notesSlide1.xml"/></Relationships>"#.to_owned(),
    ));
    parts.push((
        "ppt/notesSlides/notesSlide1.xml".to_owned(),
        r#"<p:notes xmlns:p="p" xmlns:a="a"><p:sp><a:p><a:r><a:t>Say this</a:t></a:r></a:p></p:sp></p:notes>"#.to_owned(),
    ));
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    pack_texts(&parts)
}

/// A workbook with one sheet of these rows of cells, as XML.
pub fn xlsx(rows: &str) -> Vec<u8> {
    let sheet = format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    );
    pack_texts(&[
        (
            "[Content_Types].xml",
            r#"<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#,
        ),
        ("docProps/core.xml", CORE),
        (
            "_rels/.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#,
        ),
        (
            "xl/workbook.xml",
            r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Prices" sheetId="1" r:id="rId1"/></sheets></workbook>"#,
        ),
        (
            "xl/_rels/workbook.xml.rels",
            r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/styles" Target="styles.xml"/><Relationship Id="rId3" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/sharedStrings" Target="sharedStrings.xml"/></Relationships>"#,
        ),
        (
            "xl/sharedStrings.xml",
            r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>name</t></si><si><t>day</t></si><si><r><t>고</t></r><r><t>리</t></r></si></sst>"#,
        ),
        (
            "xl/styles.xml",
            r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#,
        ),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
}

/// A book with these chapters.
pub fn epub(chapters: &[&str]) -> Vec<u8> {
    let items: String = (0..chapters.len())
        .map(|i| {
            format!(
                r#"<item id="c{i}" href="text/ch%20{i}.xhtml" media-type="application/xhtml+xml"/>"#
            )
        })
        .collect();
    let spine: String = (0..chapters.len())
        .rev()
        .map(|i| format!(r#"<itemref idref="c{i}"/>"#))
        .collect();
    let package = format!(
        r#"<package xmlns:dc="d"><metadata><dc:title>A book</dc:title><dc:creator>Kim</dc:creator></metadata><manifest>{items}</manifest><spine>{spine}<itemref idref="none"/></spine></package>"#
    );
    let mut parts = vec![
        ("mimetype".to_owned(), "application/epub+zip".to_owned()),
        (
            "META-INF/container.xml".to_owned(),
            r#"<container><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>"#.to_owned(),
        ),
        ("OEBPS/content.opf".to_owned(), package),
    ];
    for (i, chapter) in chapters.iter().enumerate() {
        parts.push((format!("OEBPS/text/ch {i}.xhtml"), (*chapter).to_owned()));
    }
    let parts: Vec<_> = parts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    pack_texts(&parts)
}
