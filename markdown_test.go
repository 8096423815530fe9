package onafed_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"
)

// A document is a Markdown file, as far as the tests look at it.
type document struct {
	prose  string  // without the code blocks
	blocks []block // in their order
	open   string  // the line of a code block that has no end
}

// A block is a fenced code block. Its text has lost the indentation of the fence.
type block struct{ language, text string }

var fence = regexp.MustCompile("^([ \t]*)```([a-z]*)[ \t]*$")

func readDocument(text string) (d document) {
	var prose, code strings.Builder
	var begin []string // of the open block
	for line := range strings.Lines(text) {
		f := fence.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		switch {
		case begin == nil && f == nil:
			prose.WriteString(line)
		case begin == nil:
			begin = f
		case f != nil && f[2] == "":
			d.blocks = append(d.blocks, block{begin[2], code.String()})
			begin = nil
			code.Reset()
		default:
			code.WriteString(strings.TrimPrefix(line, begin[1]))
		}
	}
	if begin != nil {
		d.open = begin[0]
	}
	d.prose = prose.String()
	return d
}

// code returns the blocks of a language.
func (d document) code(language string) (texts []string) {
	for _, b := range d.blocks {
		if b.language == language {
			texts = append(texts, b.text)
		}
	}
	return texts
}

// anchors are the names that GitHub gives the headings: lower case, without punctuation, hyphens for spaces, and a number for the second
// of the same.
func (d document) anchors() map[string]bool {
	names := make(map[string]bool)
	for _, h := range regexp.MustCompile(`(?m)^#{1,6} +(.*?)[ #]*$`).FindAllStringSubmatch(d.prose, -1) {
		text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(h[1], "$1")
		base := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
				return unicode.ToLower(r)
			}
			return -1
		}, text)
		name := base
		for n := 1; names[name]; n++ {
			name = fmt.Sprintf("%s-%d", base, n)
		}
		names[name] = true
	}
	return names
}

// snippetFaults says which code blocks of a text have no end, or are Go that does not parse.
func snippetFaults(text string) (faults []string) {
	d := readDocument(text)
	if d.open != "" {
		faults = append(faults, fmt.Sprintf("the code block %q has no end", d.open))
	}
	for _, s := range d.code("go") {
		if err := parses(s); err != nil {
			faults = append(faults, fmt.Sprintf("this Go does not parse: %v\n%s", err, s))
		}
	}
	return faults
}

// parses returns nil for the statements of one function, and for declarations.
func parses(snippet string) error {
	f, err := parser.ParseFile(token.NewFileSet(), "", "package p; func _() {\n"+snippet+"\n}", parser.SkipObjectResolution)
	if err == nil {
		if fn, ok := f.Decls[0].(*ast.FuncDecl); ok && len(f.Decls) == 1 && len(fn.Body.List) > 0 {
			return nil
		}
	}
	f, err2 := parser.ParseFile(token.NewFileSet(), "", "package p\n"+snippet, parser.SkipObjectResolution)
	switch {
	case err2 == nil && len(f.Decls) > 0:
		return nil
	case err == nil && err2 == nil:
		return fmt.Errorf("there is no code in it")
	case err == nil:
		return err2 // what closes the function and opens another one
	}
	return fmt.Errorf("as statements: %w; as declarations: %w", err, err2)
}

// linkFaults says which links of a file lead to nothing: a file that is not there, one outside of the module, a heading that no longer
// has that name. Links to other hosts are not followed.
func linkFaults(files fs.FS, name, text string) (faults []string) {
	d := readDocument(text)
	for _, m := range regexp.MustCompile(`\]\(\s*<?([^)>\s]*)`).FindAllStringSubmatch(d.prose, -1) {
		link := m[1]
		if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
			continue
		}
		file, anchor, anchored := strings.Cut(link, "#")
		target, there := name, d
		if file != "" {
			target = path.Join(path.Dir(name), file)
			if !fs.ValidPath(target) {
				faults = append(faults, fmt.Sprintf("the link %s leads out of the module", link))
				continue
			}
			if _, err := fs.Stat(files, target); err != nil {
				faults = append(faults, fmt.Sprintf("the link %s: %v", link, err))
				continue
			}
		}
		if !anchored {
			if link == "" {
				faults = append(faults, "there is a link without a target")
			}
			continue
		}
		if target != name {
			text, err := fs.ReadFile(files, target)
			if err != nil {
				faults = append(faults, fmt.Sprintf("the link %s: %v", link, err))
				continue
			}
			there = readDocument(string(text))
		}
		if !strings.HasSuffix(target, ".md") || !there.anchors()[anchor] {
			faults = append(faults, fmt.Sprintf("the link %s: %s has no heading of that name", link, target))
		}
	}
	return faults
}
