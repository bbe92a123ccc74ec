"""Derivatives far out, near poles and where they vanish, to twelve digits.

The references were computed with mpmath at 100 digits and more: for each function of x, triples of
x, the first and the second derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from scipy import special

import nn
from autodiff import (
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    logsumexp,
    softmax,
    taylor,
)

Function = Callable[[Any], Any]
inf = np.inf

REFERENCES = """
np.expm1(x) | special.expm1(x)
    -700 9.8596765437598e-305 9.8596765437598e-305; -40 4.2483542552916e-18 4.2483542552916e-18;
    -1 0.36787944117144 0.36787944117144; 1e-10 1.0000000001 1.0000000001;
    3 20.085536923188 20.085536923188
np.log2(x)
    1e-153 1.442695040889e153 -1.442695040889e306;
    7.888609052210118e-31 1.8288332345292e30 -2.3183215474683e60;
    3 0.48089834696299 -0.16029944898766; 1e150 1.442695040889e-150 -1.442695040889e-300
np.log10(x)
    1e-153 4.3429448190325e152 -4.3429448190325e305;
    7.888609052210118e-31 5.5053366066047e29 -6.9788432538208e59;
    3 0.14476482730108 -0.048254942433695; 1e150 4.3429448190325e-151 -4.3429448190325e-301
np.tanh(x)
    -350 3.9438706175039e-304 7.8877412350078e-304; -40 7.2194055513817e-35 1.4438811102763e-34;
    -6 2.4576547405333e-5 4.9152490800272e-5; 1e-10 1 -2e-10;
    0.5 0.78644773296593 -0.72686198138359; 19 1.2556531168192e-16 -2.5113062336384e-16;
    200 7.660678386856e-174 -1.5321356773712e-173
np.arcsin(x)
    1e-300 1 1e-300; -1e-10 1 -1e-10; 0.5 1.1547005383793 0.7698003589195;
    0.9999990463256836 724.07751656858 379624971.98724;
    -0.9999999999999998 47453132.812126 -1.0685495562513e23
np.arccos(x)
    1e-300 -1 -1e-300; -1e-10 -1 1e-10; 0.5 -1.1547005383793 -0.7698003589195;
    0.9999990463256836 -724.07751656858 -379624971.98724;
    -0.9999999999999998 -47453132.812126 1.0685495562513e23
np.arctan(x)
    1e-300 1 -2e-300; 0.5 0.8 -0.64; -100000000 1e-16 2e-24; 1e80 1e-160 -2e-240;
    1e102 1e-204 -2e-306
np.arcsinh(x)
    1e-300 1 -1e-300; 0.5 0.89442719099992 -0.35777087639997; -100000000 1e-8 1e-16;
    1e100 1e-100 -1e-200; 1e153 1e-153 -1e-306
np.arccosh(x)
    1.0000000000000009 23726566.406063 -1.3356869453141e22; 1.5 0.89442719099992 -1.0733126291999;
    100000000 1e-8 -1e-16; 1e150 1e-150 -1e-300
np.arctanh(x)
    1e-300 1 2e-300; -1e-10 1 -2e-10; 0.5 1.3333333333333 1.7777777777778;
    0.9999990463256836 524288.25000012 549755813887.88;
    -0.9999999999999998 2.2517998136852e15 -1.0141204801826e31
np.sinc(x)
    1e-5 -3.2898681333718e-5 -3.2898681327224; 0.25 -0.77283813988223 -2.7030607572589;
    -60 -0.016666666666667 -0.00055555555555556; 707.5 6.3591231991168e-7 0.0044404118470179;
    10000 0.0001 -2e-8
nn.logistic(x) | special.expit(x)
    -700 9.8596765437598e-305 9.8596765437598e-305; -40 4.2483542552916e-18 4.2483542552916e-18;
    -1e-10 0.25 1.25e-11; 0.5 0.23500371220159 -0.057556794852321;
    20 2.0611536139418e-9 -2.0611536054451e-9; 37 8.5330476257441e-17 -8.5330476257441e-17;
    700 9.8596765437598e-305 -9.8596765437598e-305
softmax(np.stack([x, 0 * x]), 0)[0]
    -700 9.8596765437598e-305 9.8596765437598e-305; -40 4.2483542552916e-18 4.2483542552916e-18;
    0.5 0.23500371220159 -0.057556794852321; 20 2.0611536139418e-9 -2.0611536054451e-9;
    37 8.5330476257441e-17 -8.5330476257441e-17; 700 9.8596765437598e-305 -9.8596765437598e-305
np.logaddexp(0, x) | logsumexp(np.stack([x, 0 * x]), 0)
    -700 9.8596765437598e-305 9.8596765437598e-305; -40 4.2483542552916e-18 4.2483542552916e-18;
    0.5 0.62245933120185 0.23500371220159; 40 1 4.2483542552916e-18; 700 1 9.8596765437598e-305
np.hypot(x, 1)
    -1e-8 -1e-8 1; 1 0.70710678118655 0.35355339059327; 1e8 1 1e-24; 1e100 1 1e-300
np.hypot(1e-150, x)
    1e-200 1e-50 1e150; 1e-140 1 1e120; -2.7e-150 -0.9377487607237 4.1895579713341e148; 1 1 1e-300
np.arctan2(x, 1e-150)
    1e-250 1e150 -2e200; 3e-150 1e149 -6e298; 1e-100 1e50 -2e150; 1 1e-150 -2e-150
np.arctan2(1e100, x)
    -1e50 -1e-100 -2e-250; 1e99 -9.9009900990099e-101 1.9605920988138e-201; 1e120 -1e-140 2e-260
special.exprel(x)
    -100000 1e-10 2e-15; -40 0.000625 3.125e-5; -1.5 0.19652204427952 0.11327595227374;
    -0.5 0.3608160417242 0.23020284747153; 1e-8 0.50000000333333 0.33333333583333;
    2 2.0972640247327 1.5972640247327; 600 6.2778865562695e257 6.2674408796957e257
special.cotdg(x)
    0.001 -57295779.5189 114591559026.16; 0.01 -572957.80094859 114591559.02616;
    30 -0.069813170079773 0.0042209027835289; 89 -0.017458610176745 1.0637473712071e-5
special.powm1(x, 1.5)
    1e-10 1.5e-5 75000; 2 2.1213203435596 0.53033008588991
special.powm1(1e-20, x)
    0.001 -43.979033849856 2025.3093549392; 0.9 -4.6051701859881e-17 2.1207592441914e-15
special.kl_div(x, 37)
    1e-10 -26.636768842585 10000000000; 36.9999999 -2.7027027379391e-9 0.027027027100073;
    37.0000001 2.7027027306344e-9 0.027027026953981; 100000 7.902007552326 1e-5
special.kl_div(37, x)
    1e-10 -369999999999 3.7e21; 36.9999999 -2.7027027415914e-9 0.027027027173119;
    37.0000001 2.7027027269821e-9 0.027027026880935; 100000 0.99963 3.7e-9
special.pseudo_huber(1e-3, x)
    1e-8 9.9999999995e-9 0.99999999985; 1 0.00099999950000037 9.9999850000188e-10;
    -100000 -0.001 1e-24
special.pseudo_huber(x, 0.1)
    0.001 0.098014999375044 -1.9700024997375; 1 2.4752322078163e-5 -7.3766211605995e-5;
    100000 2.4999999999975e-20 -7.4999999999875e-25
special.boxcox(2, x)
    -80 0.00015625 3.90625e-6; -1 0.15342640972003 0.066626312480954;
    1e-9 0.24022650707011 0.11100821738735; 3 1.0706147037154 0.56746490130493
special.boxcox1p(0.5, x)
    -100 0.0001 2e-6; -2 0.048785531531519 0.012251763999704;
    1e-9 0.082200976968802 0.022219752009586; 3 0.1922593577328 0.056779292974614
special.inv_boxcox(-700, x)
    -5 -0.056001630792925 -0.0047961845914151; -0.001 -4.227925255831e-226 5.0012116099197e-221
special.inv_boxcox1p(-2, x)
    -10 -0.01543011354021 -0.0020942439455018; 0.1 -0.28836892198043 -0.16905144481703
special.inv_boxcox1p(x, 0.01)
    -90 9.9999999999999e-100 9.8999999999999e-99; -1 0.36972963764973 0.36972963764973;
    50 2.7104078502348e17 1.7888691811549e17
special.erfcx(x)
    -5 -1440097986747.7 14688999464827; 1 -0.2732120147839 0.30874312274382;
    5.9 -0.015554960545254 0.0050657378626616; 6.1 -0.01458870259757 0.0046064290470155;
    20 -0.0014052174534598 0.00013999934371059; 10000 -5.6418957508491e-9 1.1283791332441e-12;
    1e90 -5.6418958354776e-181 1.1283791670955e-270
special.dawsn(x)
    1e-8 1 -4e-8; 2 -0.20536155569517 0.21876544493309;
    7.9 -0.0082122708735495 0.0021320733623918; -8.1 -0.007802038342594 -0.0019730164163693;
    25 -0.00080192772332041 6.4309057087747e-5; 10000 -5.000000075e-9 1.00000003e-12;
    1e90 -5e-181 1e-270
special.log_ndtr(x)
    -100000 100000.00001 -0.9999999999; -40 40.024968847207 -0.99937733162141;
    -8.6 8.7133283764203 -0.98746735811698; -8.4 8.5158902124296 -0.98690832574535;
    0.5 0.50916043383703 -0.51382456430363; 20 5.5209483621598e-88 -1.104189672432e-86;
    37 2.1200065515246e-298 -7.844024240641e-297
special.beta(x, 1e-6)
    0.5 -4.934800627236 16.828795621628; 3 -0.39493339739105 0.15411367165178;
    100 -0.010050114579467 0.000101004576884
special.betaln(x, 0.5)
    1e-6 -999998.61370893 999999999996.71; 3 -0.18037230554678 0.064576310747992;
    1000000 -5.00000125e-7 5.0000025e-13
special.poch(x, 0.001)
    0.5 0.004916752569496 -0.016723123918896; 3 0.00039522164384559 -0.00015404055828163;
    100 1.0096454873844e-5 -1.0136821972472e-7
special.binom(x, 3.5)
    0.75 0.073515665530131 -0.34129091424422; 2.5 0.28571428571429 0.96021274602673;
    3.4 1.7276326183988 2.3004100540678; 50 4991.5086929327 256.03540975003
special.binom(2.5, x)
    0.75 1.2847244615141 -1.9675547442498; 1.5 -0.70093076386694 -2.6417079830771;
    3.5 -0.28571428571429 1.1234780521492; 20 6.9691714666704e-6 0.00036581793842987
special.sici(x)[0]
    1e-8 1 -3.3333333333333e-9; 0.9 0.87036323291943 -0.2763925162764;
    1.1 0.81018850914676 -0.32417489792835; 30 -0.032934387469762 0.0062395279119115;
    1000 0.000826879540532 0.00056155219675017
special.spence(x)
    1e-50 -115.1292546497 1e50; 0.4 -1.5271512197903 1.6214146336829;
    0.99999999 -1.000000005 0.50000000666667; 1.6 -0.78333938207623 0.26389897012704;
    100000000 -1.8420680928159e-7 1.7420681102366e-15
special.wrightomega(x)
    -50 1.9287498479639e-22 1.9287498479639e-22; 0.5 0.43382828703782 0.13906383465422;
    100000000 0.99999999 1.0000003384137e-16; 1e60 1 1e-120
special.ellipk(x)
    -100000000 4.7983173318107e-12 6.9474759648536e-20; -2 0.11081850914118 0.043539587444864;
    1e-8 0.39269908611659 0.44178647611495; 0.6 1.0804186148427 2.9311485850835;
    0.9999999999990905 549755813884.56 6.0446290980718e23
special.ellipe(x)
    -100000000 -4.9999997475841e-5 -2.4999996338762e-13; -2 -0.25325451464986 -0.035609001377171;
    1e-8 -0.39269908317135 -0.1472621574778; 0.6 -0.54261642896593 -0.44816848823066;
    0.9999999999999716 -7.9910529618595 -8796093022202.3
special.ellipkm1(x)
    1e-100 -5e99 5e199; 1e-8 -49999997.725841 4.9999999875e15;
    0.3 -1.4739562556145 5.2782061241377; 0.99999999 -0.39269908611659 0.44178647611495;
    1 -0.39269908169872 0.44178646691106
special.ellipkinc(x, 1e-9)
    1e-6 1 9.9999999999933e-16; 1 1.000000000354 4.5464871389573e-10;
    -9 1.0000000000849 3.754936234815e-10
special.ellipkinc(1, x)
    -10000 2.1933176661686e-6 3.0398718720046e-10; -1e-6 0.13633772862768 0.0930190514298;
    1e-9 0.13633782173981 0.093019174108962; 0.9 0.34412767882135 0.57946067901872
special.ellipeinc(x, 1e-9)
    1e-6 1 -9.9999999999933e-16; 1 0.99999999964596 -4.546487135738e-10;
    -9 0.99999999991508 -3.7549362341773e-10
special.ellipeinc(1, x)
    -10000 -0.0022972667833245 -1.1475367328292e-7; -1e-6 -0.13633779064041 -0.031006366817474;
    1e-9 -0.1363378216778 -0.031006391353313; 0.9 -0.18239423983479 -0.089851910548089
special.elliprf(x, 1, 1)
    1e-6 -499.21560065984 249999501.1761; 0.99 -0.16818018218071 0.15271548247022;
    1.01 -0.16517993910432 0.1473574446094; 1000000 -3.3004563054543e-9 4.7006891588706e-15
special.elliprd(x, 0.5, 1)
    1e-6 -2115.768708439 1060654886.1557; 0.99 -0.3819843212679 0.42246945208808;
    1.01 -0.37370006849153 0.40611364736788; 1000000 -8.7866539111552e-10 1.3179849463183e-15
special.elliprd(1, 0.5, x)
    1e-6 -2121313998.3077 3.181977333379e15; 0.99 -1.1544023528455 2.1291826477447;
    1.01 -1.1129779325272 2.0146798967123; 1000000 -2.8916679903855e-14 7.0041752049684e-20
special.i0e(x)
    0.5 -0.48861446726428 0.66438732815881; 39 -0.00082707035009621 3.2022613000445e-5;
    41 -0.00076692305730073 2.8235853637593e-5; 1000 -6.3101989626271e-6 9.4676683256015e-9;
    10000000000 -1.994711402082e-16 2.9920671031977e-26;
    1e60 -1.9947114020072e-91 2.9920671030107e-151
special.i1e(x)
    0.5 0.17577286089453 -0.3902498372084; 39 -0.00079504773709577 2.9955997878728e-5;
    41 -0.00073868720366313 2.6503108914285e-5; 1000 -6.3007312943015e-6 9.4439932256287e-9;
    10000000000 -1.9947114017828e-16 2.9920671024497e-26;
    1e60 -1.9947114020072e-91 2.9920671030107e-151
special.k0e(x)
    0.5 -1.2069003224379 3.0482187715478; 39 -0.0025487935163669 9.7425055053964e-5;
    41 -0.0023656594167627 8.6039147741449e-5; 1000 -1.9809212205993e-5 2.970640097348e-8;
    10000000000 -6.2665706863425e-16 9.3998560292788e-26
special.k1e(x)
    0.5 -4.2551190939857 16.386058249271; 39 -0.0026462185714208 0.000103632141336;
    41 -0.0024516985645041 9.1254914350527e-5; 1000 -1.9838918606967e-5 2.9780648446447e-8;
    10000000000 -6.2665706872825e-16 9.3998560316287e-26
special.k0(x)
    1e-5 -99999.999939356 10000000005.564; 0.5 -1.6564411200033 4.2373013112343;
    690 -1.0367612071695e-301 1.0375132988299e-301
special.k1(x)
    1e-5 -10000000005.564 2.00000000005e15; 0.5 -4.2373013112343 16.756808222485;
    690 -1.0375132988299e-301 1.0382670272438e-301
special.y1(x)
    1e-5 6366197720.1334 -1.2732395447033e15; 0.5 2.4984260518338 -9.4112692816783;
    30 -0.12010991737539 -0.08032810055961
special.ive(2.5, x)
    0.5 0.02363650655127 0.03898873858374; 41 -0.00059980142677707 1.8206702378781e-5;
    1000 -6.2511554407745e-6 9.3201519143555e-9;
    100000000 -1.9947112224831e-13 2.9920666542007e-21
special.ive(10, x)
    5 3.7567999987338e-5 3.4618766917345e-5; 60 0.00012623517520793 -6.6069499635942e-6;
    120 -1.6320074727201e-5 -5.5355667253285e-7; 1000 -5.4016334672577e-6 7.2330462708838e-9
special.kve(10, x)
    5 -1821.1542361679 2804.7787535707; 60 -0.0080567718660652 0.00039123850243236;
    120 -0.0013143340409982 2.5824135649253e-5; 1000 -2.290514466451e-5 3.7572386450987e-8
special.ive(20, x)
    60 8.6024467176517e-5 9.4677211897586e-7; 120 6.6808546405588e-5 -6.9713261894164e-7;
    1000 -3.098177940481e-6 1.9594038174316e-9
special.kve(2.5, x)
    0.5 -140.02385422154 909.26882551453; 41 -0.00293228717113 0.00012109776287552;
    1000 -1.999528346597e-5 3.0171869426441e-8;
    100000000 -6.2665712505689e-13 9.3998574398447e-21
special.struve(3, x)
    0.001 2.4252180457136e-11 7.2756538676721e-8; 5 0.6641421600898 -0.037376691885834;
    300 25.497172461612 0.11758958465097
special.struve(0, x)
    1e-5 0.63661977234636 -4.2441318157273e-6; 5 -0.17119217342648 0.3467792049355;
    300 -0.033252621438591 0.031942755377618
special.modstruve(0, x)
    1e-5 0.6366197723888 4.2441318158405e-6; 5 24.364835552776 22.360273970476
special.eval_legendre(3, x)
    1e-20 -1.5 1.5e-19; 0.5 0.375 7.5
special.stdtr(1e6, x)
    -20 5.7450509324789e-88 1.1485519147401e-86; 0.5 0.35206520024085 -0.17603273214484
special.voigt_profile(x, 1, 2)
    0.5 -0.016238145847525 -0.029492290786735; 9 -0.0016956668237615 0.00055205943981861;
    12 -0.00072559219016205 0.00017935098611685
special.voigt_profile(12, x, 2)
    0.8 0.00014010288664448 0.00018978114487345; 1.1 0.00020010289851045 0.00021185405618925
special.voigt_profile(12, 1, x)
    0.5 0.0022458817460392 -4.9194848899541e-5; 20 -0.00027712284961793 -2.0361604681776e-6
"""


def references() -> Iterator[tuple[str, np.ndarray]]:
    """Each function with its rows of x and two derivatives."""
    formulas, numbers = "", ""
    for line in [*REFERENCES.strip().splitlines(), ""]:
        if line.startswith("    "):
            numbers += line
            continue
        for formula in filter(None, formulas.split(" | ")):
            rows = [row.split() for row in numbers.split(";")]
            yield formula, np.array(rows, float)
        formulas, numbers = line, ""


def function(formula: str) -> Function:
    names = {"np": np, "special": special, "nn": nn, "softmax": softmax, "logsumexp": logsumexp}
    return eval(f"lambda x: {formula}", names)  # type: ignore[no-any-return]


def total(f: Function) -> Function:
    return lambda x: np.sum(f(x))


def backward(f: Function) -> Function:
    return grad(total(f))


def forward(f: Function) -> Function:
    return lambda x: jvp(f, x, np.ones(x.shape))[1]


FIRST: dict[str, Callable[[Function, np.ndarray], Any]] = {
    "backward": lambda f, x: backward(f)(x),
    "forward": lambda f, x: forward(f)(x),
    "one by one": lambda f, x: [grad(f)(entry) for entry in x],
    "jacobian, reverse": lambda f, x: np.diag(jacobian(f, mode="reverse")(x)),
    "jacobian, forward": lambda f, x: np.diag(jacobian(f, mode="forward")(x)),
    "linearize": lambda f, x: linearize(f, x)[1](np.ones_like(x)),
    "Taylor": lambda f, x: taylor(f, x, 1).coefficients[1],
}
SECOND: dict[str, Callable[[Function, np.ndarray], Any]] = {
    "backward of backward": lambda f, x: backward(backward(f))(x),
    "forward of backward": lambda f, x: forward(backward(f))(x),
    "backward of forward": lambda f, x: backward(forward(f))(x),
    "forward of forward": lambda f, x: forward(forward(f))(x),
    "one by one": lambda f, x: [grad(grad(f))(entry) for entry in x],
    "hessian": lambda f, x: np.diag(hessian(total(f))(x)),
    "hvp": lambda f, x: hvp(total(f), x, np.ones_like(x)),
    "Taylor": lambda f, x: 2 * taylor(f, x, 2).coefficients[2],
}
every_function = pytest.mark.parametrize(
    ("formula", "rows"), [pytest.param(*pair, id=pair[0]) for pair in references()]
)


@pytest.mark.parametrize("walk", FIRST)
@every_function
def test_first_derivative(formula: str, rows: np.ndarray, walk: str) -> None:
    x, slope, _ = rows.T
    np.testing.assert_allclose(FIRST[walk](function(formula), x), slope, rtol=1e-12)


@pytest.mark.parametrize("walk", SECOND)
@every_function
def test_second_derivative(formula: str, rows: np.ndarray, walk: str) -> None:
    x, _, bend = rows.T
    np.testing.assert_allclose(SECOND[walk](function(formula), x), bend, rtol=1e-12)


@every_function
def test_single_precision(formula: str, rows: np.ndarray) -> None:
    """SciPy's functions of float32 are less accurate than NumPy's; sinc loses digits of π · x."""
    kept = [row for row in rows if np.all(is_normal(row)) and np.float32(row[0]) == row[0]]
    if formula.startswith(("special", "np.sinc")) or not kept:
        return
    x, slope, bend = np.array(kept, np.float32).T
    f = function(formula)
    for actual, expected in ((backward(f)(x), slope), (backward(backward(f))(x), bend)):
        assert actual.dtype == np.float32
        np.testing.assert_allclose(actual, expected, rtol=1e-5)


def is_normal(x: np.ndarray) -> np.ndarray:
    limits = np.finfo(np.float32)
    return (x == 0) | ((np.abs(x) > limits.tiny) & (np.abs(x) < limits.max))


@pytest.mark.parametrize(
    ("f", "x", "slope"),
    [
        (np.log10, 60000.0, 1 / (60000 * np.log(10))),
        (np.log10, 2.0**-17, 2**17 / np.log(10)),
        (np.log2, 2.0**-15, 2**15 / np.log(2)),
        (np.arcsinh, 1000.0, 1e-3),
        (np.tanh, 5.0, 1 / np.cosh(5) ** 2),
        (np.expm1, -8.0, np.exp(-8)),
        (np.i0, 10.0, special.i1(10)),
        (np.cbrt, 60000.0, 60000 ** (-2 / 3) / 3),
        (lambda x: x**-0.5, 300.0, -0.5 * 300**-1.5),
        (lambda x: 2.0**x, 14.0, 2**14 * np.log(2)),
        (nn.logistic, -9.0, np.exp(-9)),
    ],
)
def test_half_precision_neither_overflows_nor_underflows(f: Any, x: float, slope: float) -> None:
    for walk in FIRST.values():
        actual = np.asarray(walk(f, np.array([x], np.float16)))
        np.testing.assert_allclose(actual, [slope], rtol=5e-3)


def test_what_is_needed_at_some_entries_broadcasts() -> None:
    x, y, z = np.array([1.0, 2.0]), np.array([[0.5], [1.0], [3.0]]), np.array(1.0)
    slopes = grad(lambda x, y, z: np.sum(special.elliprd(x, y, z)), (0, 1, 2))(x, y, z)
    each = [[grad(special.elliprd, (0, 1, 2))(a, b[0], 1.0) for a in x] for b in y]
    table = np.array(each)  # by y, x and operand
    np.testing.assert_allclose(slopes[0], table[..., 0].sum(0), rtol=1e-13)
    np.testing.assert_allclose(slopes[1], table[..., 1].sum(1, keepdims=True), rtol=1e-13)
    np.testing.assert_allclose(slopes[2], table[..., 2].sum(), rtol=1e-13)


@pytest.mark.parametrize(("x", "y"), [(1e-110, 3.0), (1e-150, 2.5), (1e160, 2.5), (2.0, 3.0)])
def test_powers_whose_derivatives_alone_are_of_normal_size(x: float, y: float) -> None:
    expected = np.array(x ** (y - 1) * (1 + y * np.log(x)))
    base, exponent = np.array([x]), np.array([y])
    by_base, by_exponent = (grad(lambda x, y: np.sum(x**y), i) for i in (0, 1))
    with np.errstate(over="ignore"):
        for first, i in ((by_base, 1), (by_exponent, 0)):
            second = grad(lambda *xy, f=first: np.sum(f(*xy)), i)(base, exponent)
            np.testing.assert_allclose(second, [expected], rtol=1e-12)
            tangents = [np.ones(1), np.zeros(1)] if i == 0 else [np.zeros(1), np.ones(1)]
            second = jvp(first, (base, exponent), tuple(tangents))[1]
            np.testing.assert_allclose(second, [expected], rtol=1e-12)


@pytest.mark.parametrize("f", [special.hankel1e, special.hankel2e])
def test_scaled_hankel_functions(f: Any) -> None:
    """Of order 1/2 they are multiples of 1/√z."""
    z = np.array([0.5, 39.0, 41.0, 1e4, 1e8])
    value = f(0.5, z)
    slope = forward(lambda z: f(0.5, z))
    np.testing.assert_allclose(slope(z), -0.5 * value / z, rtol=1e-12)
    np.testing.assert_allclose(forward(slope)(z), 0.75 * value / z**2, rtol=1e-11)


def test_a_quotient_of_huge_size_does_not_take_forever() -> None:
    assert grad(special.exprel)(1e300) == inf
    assert grad(special.boxcox, 1)(1e300, 1e300) == inf
