// Command bench compares this library with other libraries: each row of its table in one run, with
// both sides in turns.
//
//	go run .                        # all rows, into results/
//	go run . -rows claims,verify    # some rows, to the terminal only
//	go run . -list                  # the names of the rows
//
// README.md explains the numbers.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		stop()
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	var (
		fs     = flag.NewFlagSet("bench", flag.ContinueOnError)
		rows   = fs.String("rows", "", "rows to measure, separated by commas; all if empty")
		rounds = fs.Int("rounds", 21, "number of rounds; a ratio is the median of their ratios")
		slice  = fs.Duration("slice", 60*time.Millisecond, "time of each side in a round")
		out    = fs.String("out", "", "folder for the table and the chart; if empty, results/ with all rows, and none with some")
		list   = fs.Bool("list", false, "list the rows and exit")
	)
	if err := fs.Parse(args); err != nil {
		return err
	}
	all := allRows()
	if *list {
		for _, r := range all {
			fmt.Printf("%-10s %s\n", r.name, r.work)
		}
		return nil
	}
	chosen, err := choose(all, *rows)
	if err != nil {
		return err
	}
	if *rounds < 1 || *slice <= 0 {
		return fmt.Errorf("-rounds %d -slice %v: want positive values", *rounds, *slice)
	}
	if *out == "" && len(chosen) == len(all) {
		*out = "results"
	}
	b := &bench{rounds: *rounds, slice: *slice}
	begin := time.Now()
	for _, r := range chosen {
		fmt.Fprintf(os.Stderr, "%-10s %s\n", r.name, r.work)
		if err := r.measure(ctx, b); err != nil {
			return fmt.Errorf("row %s: %w", r.name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	fmt.Fprintf(os.Stderr, "measured in %v\n\n", time.Since(begin).Round(time.Second))
	doc := document("go run . "+strings.Join(args, " "), *rounds, b.lines)
	fmt.Print(table(b.lines))
	if *out == "" {
		return nil
	}
	if err := os.MkdirAll(*out, 0o755); err != nil {
		return err
	}
	if b.timeline != nil {
		if err := os.WriteFile(filepath.Join(*out, "retrieve-latency.svg"), timelineChart(b.timeline), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(*out, "table.md"), []byte(doc), 0o644)
}

// choose returns the rows with these names, or all rows without names.
func choose(all []row, names string) ([]row, error) {
	if names == "" {
		return all, nil
	}
	var chosen []row
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("unknown row %q; -list prints the names", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
