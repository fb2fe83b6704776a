module checkrail.dev/bench/open-loop

go 1.21
