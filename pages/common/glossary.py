"""One sentence for each term of art, shown behind the help marks."""

PSNR = (
    "Peak signal-to-noise ratio in dB: how close the pixels come to the original's; higher is closer. It rewards grey, "
    "since a wrong colour costs more than none."
)
CIEDE2000 = (
    "Mean colour difference from the original as the eye sees it (CIEDE2000); lower is closer. "
    "About 1 is just visible, above 10 is obvious."
)
AB_RMSE = (
    "Root mean squared error of the two colour channels a and b, in Lab units; lower is closer. "
    "It has the same unit for every loss, so runs are compared by it."
)
COLORFULNESS = (
    "Colourfulness after Hasler and Süsstrunk (2003): 0 is grey, 15 slight, 33 moderate, 45 average, 59 quite, 82 high."
    " It says how strong colours are, not whether they are right: colours as strong as the "
    "original's can be in the wrong places."
)
SSIM = "Structural similarity to the original, from -1 to 1; higher is closer. Colour hardly counts in it."
MEASURES = {
    "PSNR": PSNR, "CIEDE2000": CIEDE2000, "ab RMSE": AB_RMSE, "colourfulness": COLORFULNESS, "SSIM": SSIM
}  # fmt: skip

LOSS = (
    "What training minimises. MSE squares every error of colour; Huber squares small errors and counts large ones "
    "linearly, so that a few bright pixels do not dominate. The two have different units. L1 is the mean size of the "
    "errors. For a run with a discriminator it is the recipe's own loss alone, without what the discriminator adds."
)
CHECKPOINT = "One trained model: its weights, how it was trained, and how good it is."
EXPERIMENT = "Checkpoints, or states of one, that differ in one thing only, put side by side on purpose."
MEAN_OF_TWO = (
    "The mean of the colours of two checkpoints: where they err in different directions, it is nearer to the truth "
    "than either."
)
HINT_PROPAGATION = (
    "Spread the colour of each point to what looks alike around it, so that the point gets exactly that colour. "
    "Without this, the network takes a point as a suggestion."
)
SATURATION = (
    "How strong the colours are: 0 is grey, 1 is the checkpoint's own choice. The figures are always those at 1."
)
VIVIDNESS = (
    "How colourful the model's own colours become: 0 is shy, 50 as they are, 100 bold. Pale colours gain most. "
    "Your points keep the colours that you gave them."
)
REACH = (
    "How far your points carry their colour over things that look alike: 1 as the model learned it, less to keep to "
    "their place, more for large surfaces."
)
SMOOTHING = (
    "Weight of the past in a running mean over epochs; 0 shows the epochs as they were. The thin line is unsmoothed."
)
EPOCH = "One round of training, after which the model is tested on pictures that it never learns from."
SNAPSHOT = "The same model at an earlier epoch of its training, kept inside its checkpoint."
VALIDATION = "Pictures that the model is tested on after every epoch, and never learns from."
IMAGES_SEEN = "Training pictures shown since the start, repetitions counted."
GREY = "No colour at all: what every checkpoint has to beat. PSNR rewards it."
TRUTH = "The original pictures themselves: the colourfulness to come near to."
FORMAT = (
    "PNG keeps every pixel but makes large files; JPEG and WebP lose nothing you can see. Saved pictures have the "
    "photo's own size, a note that a model made up the colours, and no data of the original (place, camera)."
)
TIME = "How long the network took for this photo on this server, without the wait for other visitors."
PALETTE = "The colours that a checkpoint chooses from, one for each pixel; under each, its share of the picture."
PALETTE_TRUTH = (
    "The original with every pixel in the palette colour nearest to it: what a network that always chose right would "
    "show. What is still wrong there is beyond the palette."
)
PAIR = "Two checkpoints that choose from a palette and, but for your own choice, differ in one thing only."
RENDERING = (
    "**Their chroma**: the hue and strength of the chosen colour on the photo's own lightness, at its full size.  \n"
    "**Expected**: the mean over all colours, each as likely as the network thinks it; softer, and duller.  \n"
    "**Palette**: the chosen colours themselves, as the network chose them, one for each of its large pixels."
)
ACCURACY = (
    "Share of pixels whose likeliest colour is the palette colour nearest to the true one. More colours make it "
    "harder: compare it among checkpoints with the same palette only."
)
CROSS_ENTROPY = (
    "Mean of -ln of the probability that the network gives to the true colour, in nats; lower is better. More colours "
    "make it higher: compare it among checkpoints with the same palette only."
)
BEST_EPOCH = "The epoch with the lowest validation ab RMSE."
GENERATOR_LOSS = (
    "What the network that colours is trained by, in nats: the mean of -ln of the probability with which the "
    "discriminator takes its pictures for true, plus the recipe's own loss times its weight (`adversary.loss_weight`). "
    "Mean over the steps of an epoch; lower is better."
)
DISCRIMINATOR_LOSS = (
    "Binary cross-entropy in nats, half for true and half for generated pictures: the mean of -ln of the probability "
    "that the discriminator gives to the right answer. Always saying one half costs ln 2 = 0.693. Mean over the steps "
    "of an epoch; none where it was skipped. Label smoothing, where the recipe has it, keeps it above 0."
)
DISCRIMINATOR_ACCURACY = (
    "Share of right answers at the end of an epoch, on training pictures (100, unless the recipe says otherwise), each "
    "as it was and as generated; above one half counts as an answer of true. Guessing is right 50% of the time."
)
DISCRIMINATOR_THRESHOLD = (
    "Where the accuracy at the end of an epoch is above it, the discriminator is skipped: it does not learn in the "
    "next epoch, so that the generator can catch up. Without a threshold it learns in every epoch."
)
NOISE_EPOCH = (
    "An epoch in which the discriminator is shown noise in place of generated pictures. Its loss is then that of "
    "another, easier task; the accuracy is still measured on generated pictures."
)
ADVERSARY = {
    "Generator loss": GENERATOR_LOSS, "Discriminator loss": DISCRIMINATOR_LOSS, "Accuracy": DISCRIMINATOR_ACCURACY,
    "Threshold": DISCRIMINATOR_THRESHOLD, "Noise epoch": NOISE_EPOCH,
}  # fmt: skip
LAB = (
    "CIE Lab: a colour in three numbers that follow the eye. L is how light it is, a how far it lies towards red or "
    "green, b how far towards yellow or blue. A difference of one or two units is about the smallest you can see."
)
LIGHTNESS = "L, the lightness: 0 is black, 100 is white. A black-and-white photo has nothing else."
AB = (
    "The two numbers of Lab that hold the colour. a runs from green (negative) to red (positive), b from blue "
    "(negative) to yellow (positive); both are 0 for grey."
)
GAMUT = (
    "All colours that an ordinary screen (sRGB) can show. How far they reach from grey depends on the "
    "lightness: move it, and see the coloured area change."
)
AB_SIZE = (
    "The plane is shrunk to this part of the photo's width and height and enlarged again, as it would be if a network "
    "had computed it that small. Eyes see fine detail in lightness, and hardly any in colour."
)
AMBIGUITY = (
    "Root mean square distance of the colours of one lightness from their mean, in Lab units. A network that sees L "
    "alone has to guess among them; one that is punished for the square of its error guesses near the mean."
)
BINS = (
    "Squares of 10 by 10 Lab units in the plane of a and b. A network can choose among them, as in Zhang, Isola and "
    "Efros (2016). Their paper counts 313, some of which lie beside the gamut; here are the 261 that hold at least one "
    "colour of sRGB."
)
KMEANS = (
    "The best K colours for this very photo, found by k-means: K colours move about until each is the mean of the "
    "pixels that lie nearest to it."
)
FEW_COLORS = (
    f"**261 bins**: {BINS}  \n"
    "**16 or 32 paints**: the palettes that this laboratory's palette checkpoints choose from, made of photos of "
    "horses.  \n"
    f"**This photo's own**: {KMEANS}"
)
SPACES = {"Lab": LAB, "L": LIGHTNESS, "a and b": AB}
RANKING = (
    "By which measure the pictures are put in order. It asks how close a picture comes to its original: a colour that "
    "could as well be true counts as wrong."
)
SPREAD = (
    "Each dot is a picture. The box holds the middle half of them, and the line in it is the median: half of the "
    "pictures are better, half are worse. Grey is no colour at all."
)
HUE = (
    "A hue is the angle of a colour around grey in the plane of a and b. Pixels count by how strong their true colour "
    "is (chroma); those with a true chroma below 10 are left out, as their hue can hardly be seen. Below a chroma of 5 "
    "a prediction is nearly grey."
)
VERSION = (
    "The same photo in other colours that the model holds likely. It decides one or two open questions differently: "
    "that colour is given to a few points, and the model colours the photo again around them."
)
OPEN_QUESTION = (
    "A part of the photo, at least 4% of it, for which the model holds several colours likely. The chance of a colour "
    "is that at a typical point of the part: what the model gives to all colours within 15 Lab units of it."
)
PLAUSIBILITY = (
    "How likely the colours given to a version are, against the likeliest colours for the same parts (100%). The "
    "model's own answer lies between its likely colours, so it has no such number. Below 5% nothing is shown."
)
DOUBT = (
    "How far apart the colours are that the model holds possible at a point: the root of the variance of its "
    "distribution over a and b, in Lab units. 0 is sure; 15 is a plainly different colour."
)
ALTERNATIVES = {"version": VERSION, "open question": OPEN_QUESTION, "as likely": PLAUSIBILITY, "doubt": DOUBT}
