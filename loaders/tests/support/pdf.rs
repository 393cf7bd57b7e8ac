//! PDF files made by hand.

use std::fmt::Write as _;

/// A PDF file as a list of objects; the first is number 1.
#[derive(Clone, Debug, Default)]
pub struct Pdf {
    objects: Vec<Vec<u8>>,
    trailer: String,
}

impl Pdf {
    /// Adds an object and gives its number.
    pub fn add(&mut self, object: impl AsRef<[u8]>) -> usize {
        self.objects.push(object.as_ref().to_vec());
        self.objects.len()
    }

    /// Adds a stream and gives its number. `dict` is what stands in its dictionary beside the
    /// length.
    pub fn stream(&mut self, dict: &str, content: &[u8]) -> usize {
        let mut object = format!("<< /Length {} {dict} >>\nstream\n", content.len()).into_bytes();
        object.extend_from_slice(content);
        object.extend_from_slice(b"\nendstream");
        self.add(object)
    }

    /// Something more in the trailer.
    pub fn trailer(&mut self, text: &str) {
        self.trailer.push_str(text);
    }

    /// The file. The catalog is object `root`.
    pub fn bytes(&self, root: usize) -> Vec<u8> {
        let mut file = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut xref = format!("xref\n0 {}\n0000000000 65535 f \n", self.objects.len() + 1);
        for (i, object) in self.objects.iter().enumerate() {
            let _ = writeln!(xref, "{:010} 00000 n ", file.len());
            file.extend_from_slice(format!("{} 0 obj\n", i + 1).as_bytes());
            file.extend_from_slice(object);
            file.extend_from_slice(b"\nendobj\n");
        }
        let start = file.len();
        file.extend_from_slice(xref.as_bytes());
        let size = self.objects.len() + 1;
        let trailer = format!(
            "trailer\n<< /Size {size} /Root {root} 0 R {} >>\nstartxref\n{start}\n%%EOF\n",
            self.trailer
        );
        file.extend_from_slice(trailer.as_bytes());
        file
    }
}

/// A file with a page for each content stream, with Helvetica as `/F1`. `resources` is what
/// stands in the resources beside the fonts.
pub fn pages(contents: &[Vec<u8>], resources: &str) -> Vec<u8> {
    let mut pdf = Pdf::default();
    let root = pdf.add("<< /Type /Catalog /Pages 2 0 R >>");
    let kids: Vec<String> = (0..contents.len())
        .map(|i| format!("{} 0 R", 4 + 2 * i))
        .collect();
    pdf.add(format!(
        "<< /Type /Pages /Count {} /Kids [{}] /MediaBox [0 0 612 792] >>",
        contents.len(),
        kids.join(" ")
    ));
    pdf.add("<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>");
    for content in contents {
        let number = pdf.objects.len() + 2;
        pdf.add(format!(
            "<< /Type /Page /Parent 2 0 R /Contents {number} 0 R /Resources << /Font << /F1 3 0 R >> {resources} >> >>"
        ));
        pdf.stream("", content);
    }
    let info = pdf.add("<< /Title (A title) /Author (Kim) >>");
    pdf.trailer(&format!("/Info {info} 0 R"));
    pdf.bytes(root)
}

/// The content stream of a page that shows these lines.
pub fn lines(lines: &[&str]) -> Vec<u8> {
    let mut content = String::from("BT /F1 12 Tf 72 720 Td 14 TL\n");
    for line in lines {
        let line = line
            .replace('\\', "\\\\")
            .replace('(', "\\(")
            .replace(')', "\\)");
        let _ = writeln!(content, "({line}) Tj T*");
    }
    content.push_str("ET\n");
    content.into_bytes()
}
