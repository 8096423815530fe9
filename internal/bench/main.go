// Command bench measures this library beside the ones that people use today:
// every row of its table in one run, both sides by turns.
//
//	go run .                        # everything, into results/
//	go run . -rows claims,verify    # some rows, to the terminal only
//	go run . -list                  # the rows there are
//
// See README.md for what the numbers mean.
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
		rows   = fs.String("rows", "", "the rows to measure, separated by commas; all if empty")
		rounds = fs.Int("rounds", 21, "how many rounds; a ratio is the median of theirs")
		slice  = fs.Duration("slice", 60*time.Millisecond, "how long each side works in a round")
		out    = fs.String("out", "", "the folder for the table and the chart; if empty, results/ when all rows are measured, else none")
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
		return fmt.Errorf("-rounds %d -slice %v: want more", *rounds, *slice)
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

// choose returns the rows of these names, all of them if there are none.
func choose(all []row, names string) ([]row, error) {
	if names == "" {
		return all, nil
	}
	var chosen []row
	for name := range strings.SplitSeq(names, ",") {
		i := slices.IndexFunc(all, func(r row) bool { return r.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no row %q; see -list", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
