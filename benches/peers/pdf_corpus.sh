#!/usr/bin/env bash
# Fetches real PDF documents and PDF test files into DIR, by apt-get from whatever Debian mirror this
# machine uses: documents from documentation packages (Korean and Japanese ones among them), test
# files from the source packages of PDF libraries. Nothing is installed.
# Usage: benches/peers/pdf_corpus.sh DIR
set -eu
dir=$(mkdir -p "$1" && cd "$1" && pwd)
docs="ubuntu-packaging-guide-pdf docbook-xsl-doc-pdf maint-guide-ja developers-reference-ja debian-reference-ja
  why3-doc-pdf siscone-doc-pdf live-manual-pdf r-doc-pdf gnuplot-doc asymptote-doc texlive-fonts-recommended-doc
  texlive-lang-cjk texlive-lang-korean debian-edu-doc-ja auto-multiple-choice-doc-pdf c++-annotations-pdf"
sources="pdf.js libpdfbox2-java qpdf pypdf pikepdf pdfminer okular ghostscript libcam-pdf-perl"

mkdir -p "$dir"/{docs,tests,work/lists/partial,work/cache/archives/partial}
cd "$dir/work"
apt-get download -q $docs
for deb in *.deb; do
  dpkg-deb -x "$deb" x
  name=${deb%%_*}
  find x -type f \( -name '*.pdf' -o -name '*.pdf.gz' \) | while read -r file; do
    to="$dir/docs/$name--$(basename "$file")"
    cp "$file" "$to"
    case $to in *.gz) gunzip -f "$to" ;; esac
  done
  rm -rf x "$deb"
done
# Source packages need deb-src lines, which a machine may not have: they are derived here.
{ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null | sed -n 's/^deb /deb-src /p'
  for file in /etc/apt/sources.list.d/*.sources; do
    [ -f "$file" ] && awk '/^URIs:/{u=$2} /^Suites:/{$1="";s=$0} /^Components:/{$1="";n=split(s,a," ");for(i=1;i<=n;i++)print "deb-src " u " " a[i] $0}' "$file"
  done; } | sort -u > src.list
apt="apt-get -q -o Dir::Etc::sourcelist=$PWD/src.list -o Dir::Etc::sourceparts=/dev/null -o Dir::State::lists=$PWD/lists -o Dir::Cache=$PWD/cache"
$apt update
for source in $sources; do
  $apt source --download-only --only-source "$source" || continue
  for tar in "$source"_*.orig.tar.?z; do
    mkdir -p x && tar xf "$tar" -C x --wildcards '*.pdf' 2>/dev/null || true
    find x -type f -name '*.pdf' | while read -r file; do cp "$file" "$dir/tests/$source--$(basename "$file")"; done
    rm -rf x
  done
done
echo "$(ls "$dir/docs" | wc -l) documents, $(ls "$dir/tests" | wc -l) test files in $dir"
