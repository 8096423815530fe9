package onafed_test

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
	"path/filepath"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write api/onafed.txt from the source")

// publicPackages are the folders whose exported names other programs rely on.
func publicPackages() []string {
	return []string{
		"claims", "idp", "idp/issuer", "idp/idptest",
		"awsfed", "awsfed/trust", "awsfed/export", "awsfed/awsfedtest",
	}
}

// TestAPI compares the exported API with api/onafed.txt, so that every change to it is seen in review.
func TestAPI(t *testing.T) {
	var got bytes.Buffer
	for _, dir := range publicPackages() {
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
		t.Errorf("the exported API changed (-%s +source); if that is meant: go test . -run TestAPI -update\n%s", file, diff)
	}
}

// TestEveryExportedNameIsDocumented holds for types, functions, methods, constants and variables of the public packages.
func TestEveryExportedNameIsDocumented(t *testing.T) {
	for _, dir := range publicPackages() {
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

// sources parses the files of dir that are built on linux/amd64: one reading of the API on every system that runs the test.
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

// exported lists the API of one package, a line a symbol, sorted.
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
		if !s.Name.IsExported() {
			return
		}
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

// signature prints parameters and results without their names, which callers do not depend on.
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
