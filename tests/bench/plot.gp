# SPDX-License-Identifier: BSD-2-Clause
# The cost that translation adds, from a table "label nft low high tc low high xdp low high".
set terminal svg size 900,480 font "sans-serif,13" background "white"
set output svg
set style data histogram
set style histogram errorbars gap 1.5 linewidth 1
set style fill solid 0.9 border -1
set boxwidth 0.9
set bars 0.5
set ylabel "added CPU time, ns"
set yrange [0:*]
set grid ytics linecolor rgb "#dddddd"
set key top left
set title title
plot table using 2:3:4:xtic(1) title "nftables" linecolor rgb "#9a9a9a", \
     '' using 5:6:7 title "Postern, tc" linecolor rgb "#2b6cb0", \
     '' using 8:9:10 title "Postern, XDP on veth" linecolor rgb "#90cdf4"
