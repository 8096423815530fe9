package repocheck_test

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

// A document is a Markdown file, split into prose and code blocks.
type document struct {
	prose  string  // without the code blocks
	blocks []block // in file order
	open   string  // the first line of a code block without an end
}

// A block is a fenced code block, without the indentation of its fence.
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

// code returns the text of the code blocks in a language.
func (d document) code(language string) (texts []string) {
	for _, b := range d.blocks {
		if b.language == language {
			texts = append(texts, b.text)
		}
	}
	return texts
}

// anchors returns the names that GitHub gives to headings: lower case, no punctuation, hyphens for
// spaces, and a number where a heading is repeated.
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

// snippetErrors describes code blocks without an end and Go code that does not parse.
func snippetErrors(text string) (errs []string) {
	d := readDocument(text)
	if d.open != "" {
		errs = append(errs, fmt.Sprintf("the code block %q has no end", d.open))
	}
	for _, s := range d.code("go") {
		if err := parses(s); err != nil {
			errs = append(errs, fmt.Sprintf("this Go does not parse: %v\n%s", err, s))
		}
	}
	return errs
}

// parses returns nil if snippet is the statements of one function, declarations, or a whole file.
func parses(snippet string) error {
	if strings.HasPrefix(snippet, "package ") {
		_, err := parser.ParseFile(token.NewFileSet(), "", snippet, parser.SkipObjectResolution)
		return err
	}
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
		return fmt.Errorf("the snippet has no code")
	case err == nil:
		return err2 // the snippet closes the function and opens another one
	}
	return fmt.Errorf("as statements: %w; as declarations: %w", err, err2)
}

// linkErrors describes the links of a file whose target is missing: a file, a heading, or a path
// outside of the module. Links to other hosts are not followed.
func linkErrors(files fs.FS, name, text string) (errs []string) {
	d := readDocument(text)
	for _, m := range regexp.MustCompile(`\]\(\s*<?([^)>\s]*)`).FindAllStringSubmatch(d.prose, -1) {
		link := m[1]
		if strings.Contains(link, "://") || strings.HasPrefix(link, "mailto:") {
			continue
		}
		file, anchor, anchored := strings.Cut(link, "#")
		target, targetDoc := name, d
		if file != "" {
			target = path.Join(path.Dir(name), file)
			if !fs.ValidPath(target) {
				errs = append(errs, fmt.Sprintf("the link %s points outside of the module", link))
				continue
			}
			if _, err := fs.Stat(files, target); err != nil {
				errs = append(errs, fmt.Sprintf("the link %s: %v", link, err))
				continue
			}
		}
		if !anchored {
			if link == "" {
				errs = append(errs, "a link has no target")
			}
			continue
		}
		if target != name {
			text, err := fs.ReadFile(files, target)
			if err != nil {
				errs = append(errs, fmt.Sprintf("the link %s: %v", link, err))
				continue
			}
			targetDoc = readDocument(string(text))
		}
		if !strings.HasSuffix(target, ".md") || !targetDoc.anchors()[anchor] {
			errs = append(errs, fmt.Sprintf("the link %s: %s has no such heading", link, target))
		}
	}
	return errs
}
