package repocheck_test

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write api/onafed.txt from the source")

// goDocLines is the most lines that "go doc -short" may print for a package: one screen.
const goDocLines = 45

// publicPackages returns the folders whose exported names other programs can use.
func publicPackages(t *testing.T) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for path := range strings.FieldsSeq(string(out)) {
		dir := strings.TrimPrefix(strings.TrimPrefix(path, module), "/")
		first, _, _ := strings.Cut(dir, "/")
		if slices.Contains([]string{"claims", "idp", "awsfed"}, first) && !strings.Contains("/"+dir+"/", "/internal/") {
			dirs = append(dirs, dir)
		}
	}
	if len(dirs) < 8 {
		t.Fatalf("only %d public packages: %q", len(dirs), dirs)
	}
	return dirs
}

// TestAPI compares the exported API with api/onafed.txt, so that a reviewer sees each change to it.
func TestAPI(t *testing.T) {
	var got bytes.Buffer
	for _, dir := range publicPackages(t) {
		for _, line := range exported(t, dir) {
			fmt.Fprintln(&got, line)
		}
	}
	file := filepath.Join("api", "onafed.txt")
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("the exported API changed (-%s +source); if this is intended, run: go test ./internal/repocheck -run TestAPI -update\n%s", file, diff)
	}
}

// TestEveryExportedNameIsDocumented checks types, functions, methods, constants and variables.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, dir := range publicPackages(t) {
		packageComment := false
		for _, f := range sources(t, dir) {
			packageComment = packageComment || f.Doc != nil
			for _, d := range f.Decls {
				for _, name := range undocumented(d) {
					t.Errorf("%s: %s has no doc comment", dir, name)
				}
			}
		}
		if !packageComment {
			t.Errorf("%s has no package comment", dir)
		}
	}
}

// TestGoDocFitsOnAScreen limits the length of the list of names that a reader sees first.
func TestGoDocFitsOnAScreen(t *testing.T) {
	for _, dir := range publicPackages(t) {
		out, err := exec.CommandContext(t.Context(), "go", "doc", "-short", "./"+dir).Output()
		if err != nil {
			t.Fatalf("go doc -short ./%s: %v", dir, err)
		}
		if n := strings.Count(string(out), "\n"); n > goDocLines {
			t.Errorf("go doc -short ./%s prints %d lines, want at most %d", dir, n, goDocLines)
		}
	}
}

func undocumented(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && receiverExported(d) && d.Doc == nil {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			switch s := s.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() && d.Doc == nil && s.Doc == nil {
					names = append(names, s.Name.Name)
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() && d.Doc == nil && s.Doc == nil && s.Comment == nil {
						names = append(names, n.Name)
					}
				}
			}
		}
	}
	return names
}

// sources parses the files of dir that are built on linux/amd64, so that the API is the same on
// every system that runs the test.
func sources(t *testing.T, dir string) []*ast.File {
	t.Helper()
	ctx := build.Default
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = "linux", "amd64", false
	p, err := ctx.ImportDir(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range p.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// exported returns the API of one package, sorted, with one line for each symbol.
func exported(t *testing.T, dir string) []string {
	t.Helper()
	var lines []string
	add := func(format string, args ...any) {
		lines = append(lines, "pkg "+dir+", "+fmt.Sprintf(format, args...))
	}
	for _, f := range sources(t, dir) {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if !d.Name.IsExported() || !receiverExported(d) {
					continue
				}
				if d.Recv == nil {
					add("func %s%s", d.Name.Name, signature(d.Type))
				} else {
					add("method (%s) %s%s", text(d.Recv.List[0].Type), d.Name.Name, signature(d.Type))
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					declared(s, d.Tok, add)
				}
			}
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return cmp.Compare(a, b) })
	return lines
}

func declared(s ast.Spec, tok token.Token, add func(string, ...any)) {
	switch s := s.(type) {
	case *ast.ValueSpec:
		for i, n := range s.Names {
			if !n.IsExported() {
				continue
			}
			line := tok.String() + " " + n.Name
			if s.Type != nil {
				line += " " + text(s.Type)
			}
			if tok == token.CONST && i < len(s.Values) {
				line += " = " + text(s.Values[i])
			}
			add("%s", line)
		}
	case *ast.TypeSpec:
		if s.Name.IsExported() {
			declaredType(s, add)
		}
	}
}

func declaredType(s *ast.TypeSpec, add func(string, ...any)) {
	name := s.Name.Name
	if s.TypeParams != nil {
		name += "[" + strings.Join(fields(s.TypeParams), ", ") + "]"
	}
	switch u := s.Type.(type) {
	case *ast.StructType:
		add("type %s struct", name)
		for _, f := range u.Fields.List {
			for _, n := range f.Names {
				if n.IsExported() {
					add("type %s struct, %s %s", name, n.Name, text(f.Type))
				}
			}
			if f.Names == nil {
				add("type %s struct, embedded %s", name, text(f.Type))
			}
		}
	case *ast.InterfaceType:
		add("type %s interface", name)
		for _, m := range u.Methods.List {
			for _, n := range m.Names {
				add("type %s interface, %s%s", name, n.Name, signature(m.Type.(*ast.FuncType)))
			}
			if m.Names == nil {
				add("type %s interface, embedded %s", name, text(m.Type))
			}
		}
	default:
		alias := ""
		if s.Assign.IsValid() {
			alias = "= "
		}
		add("type %s %s%s", name, alias, text(s.Type))
	}
}

func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	e := d.Recv.List[0].Type
	for {
		switch x := e.(type) {
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// signature prints parameters and results without their names, because callers do not depend on
// names.
func signature(f *ast.FuncType) string {
	s := "(" + strings.Join(types(f.Params), ", ") + ")"
	switch r := types(f.Results); len(r) {
	case 0:
		return s
	case 1:
		return s + " " + r[0]
	default:
		return s + " (" + strings.Join(r, ", ") + ")"
	}
}

func types(l *ast.FieldList) (out []string) {
	if l == nil {
		return nil
	}
	for _, f := range l.List {
		for range max(1, len(f.Names)) {
			out = append(out, text(f.Type))
		}
	}
	return out
}

func fields(l *ast.FieldList) (out []string) {
	for _, f := range l.List {
		for _, n := range f.Names {
			out = append(out, n.Name+" "+text(f.Type))
		}
	}
	return out
}

func text(e ast.Expr) string {
	if f, ok := e.(*ast.FuncType); ok {
		return "func" + signature(f)
	}
	var b bytes.Buffer
	if err := printer.Fprint(&b, token.NewFileSet(), e); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}
