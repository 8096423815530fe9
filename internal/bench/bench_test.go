package main

import (
	"strconv"
	"testing"
)

// Benchmarks of the same work as the rows, for benchstat and profiles. The table has other numbers,
// because there both sides take turns.

func BenchmarkContests(b *testing.B) {
	for _, c := range contests() {
		b.Run(c.name, func(b *testing.B) {
			for i, l := range c.lines() {
				for _, s := range l.sides() {
					b.Run(strconv.Itoa(i)+"/"+s.name, func(b *testing.B) {
						b.ReportAllocs()
						for b.Loop() {
							s.once()
						}
					})
				}
			}
		})
	}
}

func BenchmarkRetrieve(b *testing.B) {
	ours, peer, err := hotSides(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, g := range []int{1, 1024} {
		b.Run(strconv.Itoa(g)+"/awsfed.Provider", func(b *testing.B) {
			b.ReportAllocs()
			retrieve(b.Context(), ours, g, b.N)
		})
		b.Run(strconv.Itoa(g)+"/aws.CredentialsCache", func(b *testing.B) {
			b.ReportAllocs()
			retrieve(b.Context(), peer, g, b.N)
		})
	}
}

func BenchmarkJWKS(b *testing.B) {
	ours, jwx, _, _ := jwksHandlers()
	for name, once := range map[string]func(){"issuer.Handler": serveOnce(ours), "jwx v2": serveOnce(jwx)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				once()
			}
		})
	}
}

func BenchmarkEdit(b *testing.B) {
	ours, peer, err := editSides(b.Context(), b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	for name, once := range map[string]func(){"export.File": ours, "ini.v1": peer} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				once()
			}
		})
	}
}
